"""Make a slim, hashed checkpoint that loads under torch's safe default."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Keep the weights of a training checkpoint and what is needed to build its '
        'model; drop optimiser, schedules and random states. The hash goes into the name.'
    )
    parser.add_argument('source', metavar='IN', help='checkpoint of a training')
    parser.add_argument('target', metavar='OUT', help='e.g. jm-pose_hrnet-w48_posetrack18.pth')
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def publish(arguments: argparse.Namespace) -> None:
    """Write the slim checkpoint and print its name."""
    from jmpose_mm.apis.publish import publish_model

    print(publish_model(arguments.source, arguments.target))


def main() -> int:
    """Publish the checkpoint that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, publish)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
