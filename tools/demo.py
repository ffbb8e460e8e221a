"""Render, train, evaluate and draw: a single-frame model and a video model on the embedded data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Render the embedded data set, train the single-frame baseline and a video '
        'model on its frozen backbone, evaluate both with PoseTrack AP on unseen videos, and draw '
        'a film and a picture of them side by side. 8 to 15 minutes on 2 cores.'
    )
    parser.add_argument(
        '--work-dir', help='default: work_dirs/demo, with _METHOD behind it for another method'
    )
    parser.add_argument(
        '--data-root',
        default='data/synthetic/demo',
        help='where the data is rendered; default: data/synthetic/demo',
    )
    parser.add_argument(
        '--method',
        default='jm_pose',
        help='the video model: jm_pose (default), tdmi, fami_pose, dcpose, posewarper or tar',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='change both configs'
    )
    parser.add_argument('--device', default='auto', help='auto (default), cpu, cuda, cuda:1 or mps')
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def demonstrate(arguments: argparse.Namespace) -> None:
    """Run the demo."""
    from jmpose_mm.apis.demo import run_demo

    method = arguments.method
    default = 'work_dirs/demo' if method == 'jm_pose' else f'work_dirs/demo_{method}'
    run_demo(
        arguments.work_dir or default,
        arguments.data_root,
        method,
        tuple(arguments.cfg_options),
        device=arguments.device,
    )


def main() -> int:
    """Run the demo that the command line describes."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, demonstrate)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
