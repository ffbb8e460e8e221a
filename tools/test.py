#!/usr/bin/env python3
"""Evaluate a checkpoint on the test set of its config, and print the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# where the tool is not run as a script, its folder is not searched
sys.path.append(str(Path(__file__).resolve().parent))

from runner_arguments import add_runner_arguments, parse_runner_arguments


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_runner_arguments(parser, 'tests', 'test_dataloader.batch_size=8')
    parser.add_argument('checkpoint', help='the checkpoint, a path or an address')
    parser.add_argument('--out', metavar='FILE.json', help='write the metrics to this file')
    parser.add_argument(
        '--out-dir', help='write the predictions into this folder, in the official formats'
    )
    parser.add_argument('--dump', metavar='FILE.pkl', help='write the predictions to this file')
    parser.add_argument(
        '--protocol',
        help='evaluate by the rules of a code base: released-dcpose, released-fami, released-jm '
        'or mmpose (docs/protocols.md); default: what the config says',
    )
    return parser


def test(arguments: argparse.Namespace) -> None:
    """Test as the command line says."""
    from jmpose_mm.apis import train_and_test as api
    from jmpose_mm.apis.metrics_file import draw_into
    from jmpose_mm.engine.configs import load_config
    from jmpose_mm.engine.devices import choose_device
    from jmpose_mm.engine.distributed import check_launcher
    from jmpose_mm.engine.protocols import apply_protocol

    check_launcher(arguments.launcher, arguments.device)
    device = choose_device(arguments.device)
    cfg = load_config(
        arguments.config, arguments.cfg_options, arguments.work_dir, arguments.launcher
    )
    draw_into(cfg, arguments.show_dir)
    if arguments.protocol:
        apply_protocol(cfg, arguments.protocol)
    api.test(cfg, arguments.checkpoint, arguments.out, arguments.dump, arguments.out_dir, device)


def main() -> int:
    """Test what the command line names."""
    parser = make_parser()
    arguments = parse_runner_arguments(parser)
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, test)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
