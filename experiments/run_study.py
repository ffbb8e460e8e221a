"""Train and test every method, ablation and control on the embedded data; write the report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

REPORTS = {'cpu': 'docs/study.md', 'gpu': 'docs/study_gpu.md'}
FOLDERS = {'cpu': 'work_dirs/study', 'gpu': 'work_dirs/study_gpu'}


def parse_arguments() -> argparse.Namespace:
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
        help='cpu (default): ResNet-18, crops of 128x96; gpu: HRNet-W32, crops of 256x192, needs a '
        'CUDA device',
    )
    parser.add_argument(
        '--work-dir',
        help='data, results and table.json; default: work_dirs/study, or work_dirs/study_gpu',
    )
    parser.add_argument(
        '--only',
        default='*',
        metavar='PATTERN',
        help='make runs with such names alone, e.g. "jm_pose*", and no report',
    )
    parser.add_argument(
        '--report', action='store_true', help='make no run, only the table and the report again'
    )
    parser.add_argument(
        '--out', metavar='FILE', help='the report; default: docs/study.md, or docs/study_gpu.md'
    )
    parser.add_argument(
        '--jobs', type=int, help='runs beside each other on processors; default: one for each core'
    )
    return parser.parse_args()


def main() -> None:
    """Run the study."""
    arguments = parse_arguments()
    from experiments.study import run_study
    from jmpose_mm.errors import UsageError

    scale = arguments.scale
    try:
        report = run_study(
            arguments.work_dir or FOLDERS[scale],
            scale,
            arguments.only,
            arguments.report,
            arguments.out or REPORTS[scale],
            arguments.jobs,
        )
    except UsageError as error:
        raise SystemExit(f'run_study.py: {error}') from error
    if report is not None:
        print(f'report: {report}')


if __name__ == '__main__':
    main()
