#!/usr/bin/env python3
"""Official PoseTrack AP of a folder of predictions against a folder of ground truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='PoseTrack AP as the official evaluator (poseval) counts it. Both folders hold '
        'one JSON file for each video, with the same names, in the form of 2017 (annolist) or of '
        '2018 and 2021 (images, annotations, categories). Frames are paired by name where '
        'all names are the same, else by their place in the file; the output says which.'
    )
    parser.add_argument('truth', metavar='GT_DIR', help='folder of official annotation files')
    parser.add_argument('predictions', metavar='PRED_DIR', help='folder of prediction files')
    parser.add_argument('--json', metavar='OUT', help='also write the numbers to this file')
    parser.add_argument(
        '--kit',
        choices=['poseval', 'posetrack21'],
        default='poseval',
        help='whose rules: poseval (default; all published numbers), or the kit of PoseTrack21, '
        'which takes labelled frames and joints with positive coordinates only',
    )
    parser.add_argument(
        '--mota',
        choices=['released', 'fixed'],
        help='also evaluate the tracking: released gives the numbers of the official evaluator, '
        'fixed corrects its oversights (last frames left out, empty frames, MOTP); default: off',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def evaluate(arguments: argparse.Namespace) -> None:
    """Evaluate, write the JSON, print the table."""
    from jmpose_mm.evaluation.poseval import evaluate_folders, format_table
    from jmpose_mm.whole_files import check_output, write_json

    if arguments.json:
        check_output(arguments.json, [arguments.truth, arguments.predictions], 'json')
    result = evaluate_folders(
        arguments.truth,
        arguments.predictions,
        kit=arguments.kit,
        mota=arguments.mota,
        progress=True,
    )
    print(format_table(result), flush=True)
    if arguments.json:
        write_json(arguments.json, result.as_json())


def main() -> int:
    """Evaluate the folders that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, evaluate)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
