"""Compare ways to train a multi-frame model where nobody labelled the videos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Train a teacher on some embedded videos, let it label others, train students '
        'on these in several ways, and test all on a third set. Each row of results is written as '
        'it comes; the same command goes on after an interruption.'
    )
    parser.add_argument(
        '--work-dir', default='work_dirs/few_labels', help='data, labels and results/*.json'
    )
    parser.add_argument('--seeds', type=int, default=1, help='seeds of training; default: 1')
    parser.add_argument(
        '--only', default='*', metavar='PATTERN', help='arms with such names, e.g. "labels*"'
    )
    parser.add_argument(
        '--teacher',
        metavar='CHECKPOINT',
        help='of the single frame that `make demo` trains; default: one is trained for each seed',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def compare(arguments: argparse.Namespace) -> None:
    """Make the arms and print the table."""
    from experiments.few_labels import make_arms
    from experiments.few_labels.table import results_table

    rows = make_arms(arguments.work_dir, arguments.seeds, arguments.only, teacher=arguments.teacher)
    print(results_table(rows))


def main() -> int:
    """Run what the command line describes."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    interrupted = 'interrupted: what has a row is kept; the same command goes on'
    return run_tool(parser, arguments, compare, interrupted)


if __name__ == '__main__':
    sys.exit(main())
