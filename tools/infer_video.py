"""Poses with identities from any video: a drawn film, JSON and CSV."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# where the tool is not run as a script, its folder is not searched
sys.path.append(str(Path(__file__).resolve().parent))

from film_arguments import add_box_arguments, add_place_arguments


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, usage='%(prog)s INPUT ... [CONFIG [CHECKPOINT]] [options]'
    )
    parser.add_argument(
        'input',
        metavar='INPUT',
        nargs='*',
        help='a video file, a folder or pattern of images or of videos, the number of a camera, - '
        'for paths on stdin; or several of these. Behind them, instead of --model, a CONFIG (a '
        'path or the file name of a packaged one) and its CHECKPOINT',
    )
    add_model_arguments(parser.add_argument_group('model'))
    parser.add_argument(
        '--out-dir', help='folder of film.mp4, poses.json, …; default: poses/NAME of the film'
    )
    people = parser.add_argument_group('frames and people')
    add_people_arguments(people)
    add_frame_arguments(people)
    parser.add_argument(
        '--smooth',
        nargs='+',
        choices=('one-euro', 'repair-swaps', 'fill-gaps', 'savitzky-golay', 'gaussian'),
        metavar='STEP',
        help='steps that smooth or mend the poses, in this order: %(choices)s; default: none',
    )
    parser.add_argument(
        '--export',
        nargs='+',
        metavar='FORM',
        help='csv coco posetrack18 quality page (these by default), openpose, openpose-coco18, '
        'pyskl, deeplabcut, deeplabcut-h5, trc, c3d, cvat',
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument('--resume', action='store_true', help='go on after an interruption')
    again.add_argument('--overwrite', action='store_true', help='replace an earlier result')
    add_film_arguments(parser.add_argument_group('film'))
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def add_model_arguments(group: argparse._ArgumentGroup) -> None:
    """Options of the model."""
    group.add_argument('--model', metavar='NAME', help='published weights; see --list-models')
    group.add_argument(
        '--list-models',
        action='store_true',
        help='list the models with published weights, and exit',
    )
    add_place_arguments(group)
    group.add_argument('--causal', action='store_true', help='use past frames only; no latency')
    group.add_argument(
        '--crop',
        choices=('frame', 'key'),
        default='frame',
        help='crop each frame by its own box (frame, default), or all frames of a window by the '
        "key frame's box (key, slower); see docs/video.md",
    )
    group.add_argument(
        '--dtype',
        choices=('float32', 'bfloat16', 'float16'),
        default='float32',
        help='type that the backbone and the predictors of offsets compute in; default: float32',
    )
    group.add_argument('--compile', action='store_true', help='compile the backbone')


def add_people_arguments(group: argparse._ArgumentGroup) -> None:
    """Options of persons."""
    add_box_arguments(group)
    few = group.add_mutually_exclusive_group()
    few.add_argument(
        '--max-persons', type=int, metavar='N', help='poses of at most N persons in a frame'
    )
    few.add_argument(
        '--main-person',
        action='store_true',
        help='poses of one person, the one who is there longest',
    )
    group.add_argument(
        '--keep-ids', type=int, nargs='+', metavar='ID', help='poses of these identities alone'
    )
    group.add_argument(
        '--join',
        type=float,
        metavar='SECONDS',
        help='join identities over gaps of at most SECONDS; see docs/video.md',
    )


def add_frame_arguments(group: argparse._ArgumentGroup) -> None:
    """Options of frames and films."""
    group.add_argument(
        '--start', default=0, help='first frame, or a time: 12.5s, 00:01:10; default: 0'
    )
    group.add_argument(
        '--end', help='frame, or time, before which to stop; default: the end of the film'
    )
    group.add_argument(
        '--stride', type=int, default=1, help='take every N-th frame only; default: 1'
    )
    group.add_argument(
        '--shard', metavar='I/N', help='of several films, run on the I-th of N parts'
    )
    group.add_argument(
        '--ray',
        nargs='?',
        const='local',
        metavar='ADDRESS',
        help='run several films on the actors of a Ray cluster; default: one on this machine',
    )
    group.add_argument(
        '--fps', type=float, help='frames per second of images, which do not state it'
    )


def add_film_arguments(parser: argparse._ArgumentGroup) -> None:
    """Options of the drawn film."""
    parser.add_argument('--no-video', action='store_true', help='draw no film')
    parser.add_argument('--draw-boxes', action='store_true', help='draw the boxes too')
    parser.add_argument(
        '--trail',
        type=int,
        default=0,
        metavar='FRAMES',
        help='draw the path of each person over the last FRAMES frames',
    )
    parser.add_argument(
        '--layer',
        choices=('heatmap', 'motion'),
        help='draw a map under each pose: the joints that the model sees, or changes of features',
    )
    parser.add_argument(
        '--codec',
        choices=('h264', 'hevc', 'vp9', 'av1'),
        default='h264',
        help='codec of the film; default: h264, which plays anywhere',
    )
    parser.add_argument(
        '--quality',
        type=int,
        default=23,
        metavar='CRF',
        help='a lower number gives a better, larger film; 18 looks as the original; default: 23',
    )
    parser.add_argument(
        '--beside', metavar='POSES', help='poses.json of another run, drawn to the left'
    )


def infer(arguments: argparse.Namespace) -> int:
    """Run on the video; 1 if something could not be read."""
    if vars(arguments).pop('list_models'):
        from jmpose_mm.engine.model_zoo import models_table

        print(models_table())
        return 0
    from jmpose_mm.video.command import run_command

    problems = run_command(**vars(arguments))
    for problem in problems:
        print(f'problem: {problem}', file=sys.stderr)
    return 1 if problems else 0


def main() -> int:
    """Run on the video that the command line names."""
    parser = make_parser()
    arguments = parser.parse_intermixed_args()
    from jmpose_mm.errors import run_tool

    interrupted = 'interrupted: what was done is written; --resume goes on'
    return run_tool(parser, arguments, infer, interrupted)


if __name__ == '__main__':
    from starting import started

    sys.exit(started(main))
