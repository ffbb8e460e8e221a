"""Make a download, or own labels, into what the configs read, with a report of what is in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# where the tool is not run as a script, its folder is not searched
sys.path.append(str(Path(__file__).resolve().parent))

from film_arguments import METHODS

FORMATS = ('posetrack17', 'posetrack18', 'posetrack21', 'sub-jhmdb', 'hieve')
OWN = 'coco'
BACKBONES = ('resnet18', 'resnet50', 'hrnet-w32', 'hrnet-w48', 'vit-s')


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Make an official download into what the configs read: merged annotations in '
        "COCO's layout, one official file a video for the evaluation, links to the images, and a "
        'report (OUT/conversion.json). The download is only read. Interrupted, or with '
        'videos added, the same command goes on where it was. docs/datasets.md says where to get '
        'each data set and what it looks like. With the format coco, SRC are labels of your own, '
        'as annotation programs export them, and OUT gets a skeleton and ready configs too: '
        'docs/own_data.md.'
    )
    formats = (*FORMATS, OWN)
    parser.add_argument('format', metavar='FORMAT', choices=formats, help=', '.join(formats))
    parser.add_argument(
        'source',
        metavar='SRC',
        help='folder of the download, unpacked; or of own labels, or a file of them',
    )
    parser.add_argument('out', metavar='OUT', help='folder to make, e.g. data/posetrack18')
    parser.add_argument(
        '--val-videos',
        nargs='*',
        metavar='NAME',
        help='hieve only: labelled videos to hold out, for the labels of its test set are not '
        'public; default: 4 8 12 16',
    )
    parser.add_argument(
        '--copy', action='store_true', help='copy the images for which no link can be made'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    add_own_arguments(parser.add_argument_group('own labels (FORMAT coco)'))
    return parser


def add_own_arguments(group: argparse._ArgumentGroup) -> None:
    """Options of own labels; those that are not given are not in the namespace."""
    for name, options in OWN_ARGUMENTS.items():
        group.add_argument(name, default=argparse.SUPPRESS, **options)


OWN_ARGUMENTS: dict[str, dict] = {
    '--also': dict(nargs='+', metavar='SRC', help='further labels, which are joined with SRC'),
    '--images': dict(metavar='DIR', help='folder of the images, if they are not beside the labels'),
    '--category': dict(metavar='NAME', help='category to train on, where labels have several'),
    '--joints': dict(
        metavar='NAMES',
        help='joints to take, with commas between: names, new=old|other to rename, a data set of '
        'mmpose (coco, halpe26), a field of COCO-WholeBody (foot_kpts); default: all',
    ),
    '--flip-pairs': dict(
        metavar='A=B,…',
        help='joints that change places in a mirrored picture, or none; default: by left and '
        'right in their names',
    ),
    '--links': dict(
        metavar='A=B,…', help='joints with a line between, where labels have no skeleton'
    ),
    '--video-pattern': dict(
        metavar='REGEX',
        help='finds the video in the path of an image, by a group (?P<video>…), and perhaps its '
        'number by (?P<frame>…); default: by folders and names',
    ),
    '--frames': dict(
        choices=('auto', 'number', 'order', 'time'),
        help='meaning of the numbers in names: frame numbers, an order only, or times; default: '
        'auto',
    ),
    '--val': dict(
        metavar='SHARE',
        help='share of the labels to hold out, by whole videos, or names of videos with commas '
        'between; 0 holds out none; default: 0.2',
    ),
    '--films': dict(
        metavar='DIR',
        help='films that the labels are of; neighbours of labelled frames are extracted from them',
    ),
    '--neighbours': dict(
        type=int, metavar='N', help='number of neighbours on each side; default: 2'
    ),
    '--method': dict(choices=METHODS, help='method of the ready video config; default: jm_pose'),
    '--backbone': dict(choices=BACKBONES, help='backbone of the ready configs; default: resnet18'),
    '--input-size': dict(metavar='WxH', help="size of the crop in pixels; default: the backbone's"),
    '--weights': dict(
        metavar='FILE',
        help='start of the single frame: a path, an address, or none for random weights; default: '
        "the backbone's, trained on people; none for resnet18",
    ),
}
OWN_OPTIONS = ('images', 'category', 'joints', 'flip_pairs', 'video_pattern', 'frames', 'val')
OWN_OPTIONS += ('films', 'neighbours', 'also', 'links')
OWN_MODEL = ('method', 'backbone', 'input_size', 'weights')


def convert(arguments: argparse.Namespace) -> None:
    """Convert and print the report."""
    from jmpose_mm.datasets.conversion import convert_dataset, counts_table

    given = vars(arguments)
    paths = (arguments.source, arguments.out)
    if arguments.format == OWN:
        from jmpose_mm.apis.own_data import convert_own_data

        options = {name: given[name] for name in OWN_OPTIONS if name in given}
        model = {name: given[name] for name in OWN_MODEL if name in given}
        report = convert_own_data(*paths, options, model, copy=arguments.copy)
    else:
        options = {} if arguments.val_videos is None else {'val_videos': arguments.val_videos}
        report = convert_dataset(arguments.format, *paths, copy=arguments.copy, **options)
    print(counts_table(report))


def main() -> int:
    """Convert the download that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    if arguments.val_videos is not None and arguments.format != 'hieve':
        parser.error('--val-videos is for hieve: the other data sets have official splits')
    own = [name for name in (*OWN_OPTIONS, *OWN_MODEL) if name in vars(arguments)]
    if own and arguments.format != OWN:
        parser.error(f'--{own[0].replace("_", "-")} is for own labels: the format {OWN}')
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, convert)


if __name__ == '__main__':
    from starting import started

    sys.exit(started(main))
