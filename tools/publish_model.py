"""Make a slim, hashed checkpoint that loads under torch's safe default."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(
        description='Keep the weights of a training checkpoint and what is needed to build its '
        'model; drop optimiser, schedules and random states. The hash goes into the name.'
    )
    parser.add_argument('source', metavar='IN', help='checkpoint of a training')
    parser.add_argument('target', metavar='OUT', help='e.g. jm-pose_hrnet-w48_posetrack18.pth')
    arguments = parser.parse_args()
    from jmpose_mm.apis.publish import publish_model

    try:
        print(publish_model(arguments.source, arguments.target))
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
