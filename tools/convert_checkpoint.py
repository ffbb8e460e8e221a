"""Convert released weights into checkpoints of this package, and back."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(
        description='Convert weights of the official networks into a checkpoint that loads '
        "strictly into this package's config of the method. Entries that are unknown, missing or "
        'of another shape are listed by name and nothing is written.'
    )
    parser.add_argument(
        'method',
        choices=('fami-pose', 'tdmi', 'dcpose', 'hrnet'),
        help='what IN is; hrnet is a bare single-frame model of width 48 or 32',
    )
    parser.add_argument('source', metavar='IN', help='state dict or training checkpoint')
    parser.add_argument('target', metavar='OUT', help='checkpoint to write')
    parser.add_argument(
        '--reverse', action='store_true', help='IN is ours, OUT gets the official names'
    )
    arguments = parser.parse_args()
    from jmpose_mm.apis.checkpoint_conversion import CONFIGS, convert_checkpoint
    from jmpose_mm.errors import UsageError

    try:
        target = convert_checkpoint(
            arguments.method, arguments.source, arguments.target, arguments.reverse
        )
    except UsageError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{target} (config: {CONFIGS[arguments.method]})' if not arguments.reverse else target)
    return 0


if __name__ == '__main__':
    sys.exit(main())
