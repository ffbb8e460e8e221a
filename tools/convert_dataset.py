"""Make an official download into what the configs read, with a report of what is in it."""

from __future__ import annotations

import argparse
import sys

FORMATS = ('posetrack17', 'posetrack18', 'posetrack21', 'sub-jhmdb', 'hieve')


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Make an official download into what the configs read: merged annotations in '
        "COCO's layout, one official file a video for the evaluation, images by link and never by "
        'copy, and a report (OUT/conversion.json). The download is only read. Interrupted, or with '
        'videos added, the same command goes on where it was. docs/datasets.md says where to get '
        'each data set and what it looks like.'
    )
    parser.add_argument('format', metavar='FORMAT', choices=FORMATS, help=', '.join(FORMATS))
    parser.add_argument('source', metavar='SRC', help='folder of the download, unpacked')
    parser.add_argument('out', metavar='OUT', help='folder to make, e.g. data/posetrack18')
    parser.add_argument(
        '--val-videos',
        nargs='*',
        metavar='NAME',
        help='hieve only: labelled videos to hold out, for the labels of its test set are not '
        'public; default: 4 8 12 16',
    )
    parser.add_argument(
        '--copy', action='store_true', help='copy images where the system allows no links'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def convert(arguments: argparse.Namespace) -> None:
    """Convert and print the report."""
    from jmpose_mm.datasets.conversion import convert_dataset, table_of

    options = {} if arguments.val_videos is None else {'val_videos': arguments.val_videos}
    paths = (arguments.source, arguments.out)
    report = convert_dataset(arguments.format, *paths, copy=arguments.copy, **options)
    print(table_of(report))


def main() -> int:
    """Convert the download that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    if arguments.val_videos is not None and arguments.format != 'hieve':
        parser.error('--val-videos is for hieve: the other data sets have official splits')
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
