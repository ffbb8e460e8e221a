"""Render, train, evaluate and draw: a single-frame model and a video model on the embedded data."""

from __future__ import annotations

import argparse


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Render the embedded data set, train the single-frame baseline and a video '
        'model on its frozen backbone, evaluate both with PoseTrack AP on unseen videos, and draw '
        'a film and a picture of them side by side. About 15 minutes on 2 cores.'
    )
    parser.add_argument('--work-dir', default='work_dirs/demo', help='default: work_dirs/demo')
    parser.add_argument(
        '--data-root',
        default='data/synthetic/demo',
        help='where the data is rendered; default: data/synthetic/demo',
    )
    parser.add_argument('--method', default='jm_pose', help='the video model; default: jm_pose')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='change both configs'
    )
    return parser.parse_args()


def main() -> None:
    """Run the demo."""
    arguments = parse_arguments()
    from jmpose_mm.apis.demo import run_demo

    run_demo(
        arguments.work_dir, arguments.data_root, arguments.method, tuple(arguments.cfg_options)
    )


if __name__ == '__main__':
    main()
