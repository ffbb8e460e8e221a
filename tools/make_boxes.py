"""Detect persons in the frames of a data set: the box file that a config's bbox_file names."""

from __future__ import annotations

import argparse
import sys


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Detect the persons in all frames that an annotation file lists, and write the '
        'boxes to a file that configs (bbox_file), mmpose and the released code of the papers '
        "read. With --config and --checkpoint an mmdet detector; without them OpenCV's people "
        'detector, which needs no weights but is far below what the papers used: AP depends on '
        'the boxes more than on the method. Interrupted, the same command goes on where it was.',
        epilog='example: tools/make_boxes.py data/posetrack18/annotations/posetrack18_val.json '
        'data/posetrack18 data/posetrack18/annotations/posetrack18_val_human_detections.json',
    )
    parser.add_argument('ann_file', metavar='ANN', help='annotation file, or a folder of them')
    parser.add_argument('images', metavar='IMAGES', help='folder that image names are relative to')
    parser.add_argument('out', metavar='OUT', help='JSON file to write')
    parser.add_argument('--config', help='config of an mmdet detector')
    parser.add_argument('--checkpoint', help='its weights, a path or an address')
    parser.add_argument(
        '--device', default='auto', help='auto (default), cpu, cuda, cuda:1 or mps, for mmdet'
    )
    parser.add_argument(
        '--score-threshold', type=float, default=0.05, help='boxes below are left out; 0.05'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def detect(arguments: argparse.Namespace) -> None:
    """Detect and print the counts."""
    from jmpose_mm.apis.person_boxes import make_boxes
    from jmpose_mm.video.people.detectors import HogDetector, MMDetDetector

    detector: HogDetector | MMDetDetector = HogDetector()
    if arguments.config is not None:
        detector = MMDetDetector(arguments.config, arguments.checkpoint, arguments.device)
    paths = (arguments.ann_file, arguments.images, arguments.out)
    counts = make_boxes(*paths, detector, arguments.score_threshold)
    print(', '.join(f'{name}: {value}' for name, value in counts.items()))


def main() -> int:
    """Detect in the frames that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    if (arguments.config is None) != (arguments.checkpoint is None):
        parser.error('--config and --checkpoint belong together')
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, detect)


if __name__ == '__main__':
    from starting import started

    sys.exit(started(main))
