"""Train and test every method, ablation and control on the embedded data; write the report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

REPORTS = {
    'cpu': 'docs/study.md',
    'night': 'docs/study_night.md',
    'gpu': 'docs/study_gpu.md',
}
FOLDERS = {
    'cpu': 'work_dirs/study',
    'night': 'work_dirs/study',
    'gpu': 'work_dirs/study_gpu',
}


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Train and test every method, its ablations and the controls on the embedded '
        'data, with several seeds, and write a table of everything and a report. What has a '
        'result is not made again: a study that was stopped goes on where it was.'
    )
    parser.add_argument(
        '--scale',
        choices=sorted(REPORTS),
        default='cpu',
        help='cpu (default): ResNet-18, crops of 128x96, the main table, at most 2 hours on 2 '
        'cores; night: goes on from there with more seeds, passes and ablations, at most 8 hours; '
        'gpu: HRNet-W32, crops of 256x192, needs a CUDA device',
    )
    parser.add_argument(
        '--work-dir',
        help='data, results and table.json; default: work_dirs/study, or study_gpu',
    )
    parser.add_argument(
        '--only',
        default='*',
        metavar='PATTERN',
        help='make only runs with such names, e.g. "jm_pose*,tdmi", and no report',
    )
    parser.add_argument(
        '--report', action='store_true', help='make no run, only the table and the report again'
    )
    parser.add_argument(
        '--out', metavar='FILE', help='the report; default: docs/study.md, or one of its scale'
    )
    parser.add_argument(
        '--jobs', type=int, help='runs beside each other on processors; default: one for each core'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def study(arguments: argparse.Namespace) -> None:
    """Run the study and say where its report is."""
    from experiments.study import run_study

    scale = arguments.scale
    report = run_study(
        arguments.work_dir or FOLDERS[scale],
        scale,
        arguments.only,
        arguments.report,
        arguments.out or REPORTS[scale],
        arguments.jobs,
    )
    if report is not None:
        print(f'report: {report}')


def main() -> int:
    """Run what the command line describes."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    interrupted = 'interrupted: what has a result is kept; the same command goes on'
    return run_tool(parser, arguments, study, interrupted)


if __name__ == '__main__':
    sys.exit(main())
