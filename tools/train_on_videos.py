"""A model of several frames from films with few labels, or none: a teacher's poses are learnt."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# where the tool is not run as a script, its folder is not searched
sys.path.append(str(Path(__file__).resolve().parent))

from film_arguments import METHODS, add_box_arguments, add_place_arguments


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Train a multi-frame model on films that nobody labelled. A model of single '
        'frames labels them; the student learns to see in degraded frames what their neighbours '
        'show. The folder gets the data set, the config, the weights, and report.html. What is '
        'finished stays: the same command goes on after an interruption. See docs/few_labels.md.',
        usage='%(prog)s VIDEO ... [CONFIG CHECKPOINT] [--model NAME] --work-dir DIR [options]',
    )
    parser.add_argument(
        'input',
        metavar='VIDEO',
        nargs='+',
        help='films, folders or patterns of films, folders of images. Behind them, instead of '
        '--model, the CONFIG and the CHECKPOINT of the teacher',
    )
    parser.add_argument(
        '--work-dir', required=True, metavar='DIR', help='where all goes; new, or to go on with'
    )
    add_model_arguments(parser.add_argument_group('models'))
    add_label_arguments(parser.add_argument_group('labels and training'))
    add_people_arguments(parser.add_argument_group('people'))
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def add_model_arguments(group: argparse._ArgumentGroup) -> None:
    """Teacher and student."""
    group.add_argument(
        '--model', metavar='NAME', help='the teacher: a name of tools/infer_video.py --list-models'
    )
    group.add_argument(
        '--start',
        nargs='+',
        metavar='MODEL',
        help='model of single frames that the student is built on, a name or CONFIG CHECKPOINT, '
        "with the teacher's joints; default: the teacher",
    )
    group.add_argument(
        '--method', choices=METHODS, default='jm_pose', help='of the student; default: jm_pose'
    )
    add_place_arguments(group)


def add_label_arguments(group: argparse._ArgumentGroup) -> None:
    """What is learnt."""
    group.add_argument(
        '--labels',
        metavar='FILE',
        help='COCO keypoints of some frames, images named VIDEO/000012.jpg; they replace the '
        "teacher's and weigh more",
    )
    group.add_argument(
        '--frames', type=int, default=600, metavar='N', help='to train on, about; default: 600'
    )
    group.add_argument(
        '--iterations', type=int, metavar='N', help="of the training; default: the backbone's"
    )
    group.add_argument(
        '--degraded',
        type=float,
        default=0.25,
        metavar='SHARE',
        help='of the samples whose key frame is degraded; default: 0.25',
    )
    group.add_argument(
        '--no-agreement',
        dest='agree',
        action='store_false',
        help="take the teacher's poses as they are, without what frames around them say",
    )


def add_people_arguments(group: argparse._ArgumentGroup) -> None:
    """Who is in the films."""
    add_box_arguments(group)
    group.add_argument(
        '--max-persons', type=int, metavar='N', help='poses of at most N persons in a frame'
    )


def train_on_films(arguments: argparse.Namespace) -> None:
    """Train, and say where the student is."""
    from jmpose_mm.apis.video_training.command import train_by_command

    print(train_by_command(**vars(arguments)))


def main() -> int:
    """Train on the films that the command line names."""
    parser = make_parser()
    arguments = parser.parse_intermixed_args()
    from jmpose_mm.errors import run_tool

    interrupted = 'interrupted: what is finished is kept; the same command goes on'
    return run_tool(parser, arguments, train_on_films, interrupted)


if __name__ == '__main__':
    from starting import started

    sys.exit(started(main))
