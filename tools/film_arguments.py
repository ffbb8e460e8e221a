"""What the tools that run on films, or train, ask for alike."""

from __future__ import annotations

import argparse

__all__ = ['METHODS', 'add_box_arguments', 'add_place_arguments']

METHODS = ('jm_pose', 'tdmi', 'fami_pose', 'dcpose', 'posewarper', 'tar')


def add_place_arguments(group: argparse._ActionsContainer) -> None:
    """Where weights are, and where models run."""
    group.add_argument(
        '--weights-dir',
        metavar='DIR',
        help="folder of downloaded weights; default: torch's folder of checkpoints",
    )
    group.add_argument('--device', default='auto', help='auto (default), cpu, cuda, cuda:1 or mps')


def add_box_arguments(group: argparse._ArgumentGroup) -> None:
    """Who is in the films, and how long somebody may be away."""
    boxes = group.add_mutually_exclusive_group()
    boxes.add_argument('--boxes', metavar='FILE', help='PoseTrack, COCO or MOTChallenge boxes')
    boxes.add_argument(
        '--detector',
        default='auto',
        help='rtmdet-m (default on a GPU), rtmdet-nano (default elsewhere), torchvision[:MODEL], '
        'mmdet:CONFIG,CHECKPOINT, whole (one person fills the picture) or hog (poor)',
    )
    group.add_argument(
        '--lost',
        type=float,
        default=1.2,
        metavar='SECONDS',
        help='a person who was away for longer gets a new identity; default: 1.2',
    )
    group.add_argument(
        '--min-score', type=float, metavar='SCORE', help='lowest score of a box; default: 0.3'
    )
    group.add_argument(
        '--det-every',
        dest='detect_every',
        metavar='N',
        type=int,
        default=1,
        help='detect persons in every N-th frame; default: 1',
    )
