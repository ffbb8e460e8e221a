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
    parser.add_argument(
        '--work-dir', help='default: work_dirs/demo, with _METHOD behind it for another method'
    )
    parser.add_argument(
        '--data-root',
        default='data/synthetic/demo',
        help='where the data is rendered; default: data/synthetic/demo',
    )
    parser.add_argument(
        '--method',
        default='jm_pose',
        help='the video model: jm_pose (default), tdmi, fami_pose or dcpose',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='change both configs'
    )
    return parser.parse_args()


def main() -> None:
    """Run the demo."""
    arguments = parse_arguments()
    from jmpose_mm.apis.demo import run_demo

    method = arguments.method
    default = 'work_dirs/demo' if method == 'jm_pose' else f'work_dirs/demo_{method}'
    run_demo(
        arguments.work_dir or default, arguments.data_root, method, tuple(arguments.cfg_options)
    )


if __name__ == '__main__':
    main()
