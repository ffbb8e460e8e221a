"""Convert released weights into checkpoints of this package, and back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Convert weights of the official networks into a checkpoint that loads '
        "strictly into this package's config of the method. Entries that are unknown, missing or "
        'of another shape are listed by name and nothing is written.'
    )
    parser.add_argument(
        'method',
        choices=('fami-pose', 'tdmi', 'dcpose', 'posewarper', 'tar-vitpose', 'hrnet'),
        help='network that IN is of; posewarper is the official file or that of mmpose 0.x; '
        'tar-vitpose is of width S or B; hrnet is a bare single-frame model of width 48 or 32',
    )
    parser.add_argument('source', metavar='IN', help='state dict or training checkpoint')
    parser.add_argument('target', metavar='OUT', help='checkpoint to write')
    parser.add_argument(
        '--reverse', action='store_true', help='IN is ours, OUT gets the official names'
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def convert(arguments: argparse.Namespace) -> None:
    """Convert and say what was written."""
    from jmpose_mm.apis.checkpoint_conversion import (
        config_for,
        convert_checkpoint,
        read_state_dict,
    )

    method = arguments.method
    target = convert_checkpoint(method, arguments.source, arguments.target, arguments.reverse)
    if arguments.reverse:
        print(target)
    else:
        print(f'{target} (config: {config_for(method, read_state_dict(target))})')


def main() -> int:
    """Convert what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, convert)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
