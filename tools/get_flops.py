#!/usr/bin/env python3
"""Parameters and GFLOPs of models, by part, without computing anything."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Parameters in millions, trained and frozen, and GFLOPs of one clip in '
        'backbone, neck and head. A multiplication with its addition is one operation.',
        epilog='example: tools/get_flops.py jm-pose_debug.py tdmi_debug.py',
    )
    parser.add_argument(
        'configs',
        metavar='CONFIG',
        nargs='*',
        help='paths, or file names of configs of this package; default: all of this package',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='change settings of each config, e.g. model.neck.num_stages=2',
    )
    parser.add_argument('--out', metavar='PAGE.md', help='write a page with the table instead')
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def count(arguments: argparse.Namespace) -> None:
    """Count and print."""
    from jmpose_mm.apis.complexity import complexity_page, complexity_table
    from jmpose_mm.tables import plain_table

    rows = complexity_table(arguments.configs, arguments.cfg_options)
    if arguments.out:
        print(complexity_page(arguments.out, rows, arguments.configs))
    else:
        print(plain_table(rows))


def main() -> int:
    """Count what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, count)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
