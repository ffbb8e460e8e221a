"""Detect persons in the frames of a data set: the box file that a config's bbox_file names."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# where the tool is not run as a script, its folder is not searched
sys.path.append(str(Path(__file__).resolve().parent))

from film_arguments import add_place_arguments


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
    parser.add_argument(
        '--detector',
        default='hog',
        help='hog (default), rtmdet-m, rtmdet-nano or torchvision[:MODEL], whose weights are '
        'downloaded once',
    )
    parser.add_argument('--config', help='config of another mmdet detector')
    parser.add_argument('--checkpoint', help='its weights, a path or an address')
    add_place_arguments(parser)
    parser.add_argument(
        '--judge',
        action='store_true',
        help='detect nothing; print recall and precision of the boxes in OUT',
    )
    parser.add_argument(
        '--score-threshold',
        type=float,
        default=0.05,
        help='leave out boxes with lower scores; default: 0.05',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def detect(arguments: argparse.Namespace) -> None:
    """Detect and print the counts, and how good the boxes are where persons are labelled."""
    from jmpose_mm.apis.box_quality import judge_boxes
    from jmpose_mm.apis.person_boxes import make_boxes
    from jmpose_mm.video.people.named_detectors import named_detector

    if not arguments.judge:
        name = arguments.detector
        if arguments.config is not None:
            name = f'mmdet:{arguments.config},{arguments.checkpoint}'
        detector = named_detector(name, arguments.device, arguments.weights_dir)
        paths = (arguments.ann_file, arguments.images, arguments.out)
        _print(make_boxes(*paths, detector, arguments.score_threshold))
    _print(judge_boxes(arguments.ann_file, arguments.out, arguments.score_threshold))


def _print(counts: dict[str, object]) -> None:
    print(', '.join(f'{name}: {value}' for name, value in counts.items()))


def main() -> int:
    """Detect in the frames that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    if (arguments.config is None) != (arguments.checkpoint is None):
        parser.error('--config and --checkpoint belong together')
    if arguments.config is not None and arguments.detector != 'hog':
        parser.error(f'--config names another detector than --detector {arguments.detector}')
    if arguments.config is None and arguments.detector == 'hog':
        if arguments.device not in ('auto', 'cpu') or arguments.weights_dir is not None:
            parser.error('--device and --weights-dir are for detectors with weights: hog has none')
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, detect)


if __name__ == '__main__':
    from starting import started

    sys.exit(started(main))
