#!/usr/bin/env python3
"""Draw clips of a config's data as the network sees them: a look finds what numbers hide."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Contact sheets of clips as the network sees them, with the crop and the '
        'augmentation of the pipeline: the frames of the window, the joints with their numbers, '
        'the targets, and the pairs of joints that change places in a mirrored picture.',
        epilog='example: tools/browse_dataset.py data/mouse/configs/jm_pose.py --out-dir sheets',
    )
    parser.add_argument('config', metavar='CONFIG', help='a config, path or packaged name')
    parser.add_argument('--out-dir', default='clips', help='folder of the sheets; default: clips')
    parser.add_argument('--count', type=int, default=12, help='number of clips; default: 12')
    parser.add_argument(
        '--split',
        choices=('train', 'val', 'test'),
        default='train',
        help='data to draw; default: train',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='random seed of the augmentation; default: 0'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def browse(arguments: argparse.Namespace) -> None:
    """Draw and say where the sheets are."""
    from jmpose_mm.apis.clip_sheets import draw_clip_sheets

    files = draw_clip_sheets(
        arguments.config,
        arguments.out_dir,
        arguments.count,
        arguments.split,
        arguments.cfg_options,
        arguments.seed,
    )
    for file in files:
        print(file)


def main() -> int:
    """Draw what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, browse)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
