#!/usr/bin/env python3
"""Show where a run is good and where it is not, and what a second run does better or worse."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='PoseTrack AP by joint, by video, by every kind of image that the ground truth '
        'tells apart (e.g. degraded or not), against the size of the head and the speed of motion, '
        'and the frames with the largest errors. With two folders: what changes from the first to '
        'the second. Writes tables (analysis.md) and pictures (PNG).',
        epilog='example: tools/analyze_results.py work_dirs/demo/single_frame/predictions '
        'work_dirs/demo/jm_pose/predictions '
        '--gt data/synthetic/demo/annotations/posetrack18_val.json --images data/synthetic/demo',
    )
    parser.add_argument(
        'results',
        metavar='RESULTS',
        nargs='+',
        help='one or two folders of predictions in an official form, e.g. what out_dir of the '
        'metric names',
    )
    parser.add_argument(
        '--gt', required=True, help='ground truth: a PoseTrack JSON file, or a folder of them'
    )
    parser.add_argument(
        '--images',
        metavar='DIR',
        help='folder that image names in the ground truth are relative to; without it no frames '
        'are drawn',
    )
    parser.add_argument(
        '--out-dir', default='analysis', help='folder to write into; default: analysis'
    )
    parser.add_argument('--names', nargs='+', help='names of the runs; default: their folders')
    parser.add_argument(
        '--bins', type=int, default=5, help='ranges of head size and of speed; default: 5'
    )
    parser.add_argument(
        '--frames', type=int, default=6, help='frames to list and draw of each kind; default: 6'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def analyze(arguments: argparse.Namespace) -> None:
    """Analyse and say where the report is."""
    from jmpose_mm.apis.analysis import analyze_results

    report = analyze_results(
        arguments.results,
        arguments.gt,
        arguments.out_dir,
        arguments.images,
        arguments.names,
        arguments.bins,
        arguments.frames,
    )
    print(report)


def main() -> int:
    """Analyse the runs that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, analyze)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
