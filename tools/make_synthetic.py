"""Render the embedded data set: people that move, in PoseTrack18 layout."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

PRESETS = ('demo', 'hard', 'study')


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Render a synthetic data set in PoseTrack18 layout. '
        'A folder that already holds the very same data set is left as it is.'
    )
    parser.add_argument('out', metavar='OUT', help='folder to make')
    parser.add_argument(
        '--preset', choices=PRESETS, default='demo', help='settings to start from; default: demo'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='random seed; equal seeds give equal bytes; default: 0'
    )
    parser.add_argument(
        '--videos-train', type=int, metavar='N', help="number of videos, instead of the preset's"
    )
    parser.add_argument(
        '--videos-val', type=int, metavar='N', help="number of videos, instead of the preset's"
    )
    parser.add_argument(
        '--frames', type=int, metavar='N', help="frames per video, instead of the preset's"
    )
    parser.add_argument(
        '--size', type=picture_size, metavar='WxH', help='picture size, e.g. 480x360'
    )
    parser.add_argument('--workers', type=int, metavar='N', help='processes; default: one per core')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace another synthetic data set'
    )
    parser.add_argument(
        '--contact-sheet',
        metavar='JPG',
        help='draw the validation videos: a row of frames for each factor of difficulty',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def picture_size(text: str) -> tuple[int, int]:
    """'480x360' as (480, 360)."""
    try:
        width, height = (int(side) for side in text.lower().split('x'))
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected WIDTHxHEIGHT, got {text!r}') from None
    return width, height


def render(arguments: argparse.Namespace) -> None:
    """Render and print the digest and the counts."""
    from jmpose_mm.datasets.synthetic import make_synthetic, write_contact_sheet

    given = {name: value for name, value in vars(arguments).items() if value is not None}
    sheet = given.pop('contact_sheet', None)
    manifest = make_synthetic(**given)
    if sheet is not None:
        write_contact_sheet(arguments.out, sheet)
    print(json.dumps({'digest': manifest['digest'], **manifest['counts']}))


def main() -> int:
    """Render what the command line describes."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, render)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
