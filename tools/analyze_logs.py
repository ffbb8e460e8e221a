#!/usr/bin/env python3
"""Curves of losses and AP over trainings, and a line that sums each of them up."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Draw the terms of the loss and AP of trainings, and print iterations, seconds '
        'for each, the last loss and the best AP.',
        epilog='example: tools/analyze_logs.py work_dirs/jm-pose_debug work_dirs/tdmi_debug '
        '--keys loss_kpt AP --out curves.png',
    )
    parser.add_argument(
        'work_dirs',
        metavar='WORK_DIR',
        nargs='+',
        help='work dir of a training, or its scalars.json',
    )
    parser.add_argument(
        '--keys', nargs='+', default=[], help='keys to draw; default: each term of the loss, and AP'
    )
    parser.add_argument(
        '--names', nargs='+', default=[], help='names of the trainings; default: their folders'
    )
    parser.add_argument(
        '--out', default='curves.png', metavar='FILE', help='the picture; default: curves.png'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def analyze(arguments: argparse.Namespace) -> None:
    """Draw, print the table, and say where the picture is."""
    from jmpose_mm.apis.analysis import analyze_logs
    from jmpose_mm.tables import plain_table

    print(plain_table(analyze_logs(**vars(arguments))))
    print(arguments.out)


def main() -> int:
    """Analyse the trainings that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, analyze)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
