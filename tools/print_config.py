#!/usr/bin/env python3
"""Print a config as a training would use it: with its bases and changes, checked as there."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Print a config with all its bases. What a training would refuse is refused, '
        'after it is printed.',
        epilog='example: tools/print_config.py tdmi_debug.py --cfg-options train_cfg.max_iters=9',
    )
    parser.add_argument('config', help='a path, or the file name of a config of this package')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. train_cfg.max_iters=9',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def print_config(arguments: argparse.Namespace) -> None:
    """Print it, then check it."""
    from jmpose_mm.engine.configs import load_config
    from jmpose_mm.engine.consistency import check_consistency, check_start

    with redirect_stdout(sys.stderr):  # warnings are no part of the config
        cfg = load_config(arguments.config, arguments.cfg_options)
    print(cfg.pretty_text, flush=True)
    check_consistency(cfg)
    if cfg.get('load_from') is not None:
        check_start(cfg.load_from)


def main() -> int:
    """Print the config that the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, print_config)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
