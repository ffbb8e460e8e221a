#!/usr/bin/env python3
"""Train a model: on a CPU, on one GPU, or on several with a launcher."""

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
    add_runner_arguments(parser, 'trains', 'train_cfg.max_epochs=2')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='continue from this checkpoint; without a value, from the latest in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    parser.add_argument('--no-validate', action='store_true', help='no evaluation while training')
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate to the batch size'
    )
    parser.add_argument(
        '--allow-random-frozen',
        action='store_true',
        help='train even where no weights are loaded into a frozen part',
    )
    return parser


def train(arguments: argparse.Namespace) -> None:
    """Train as the command line says."""
    from jmpose_mm.apis import train_and_test as api
    from jmpose_mm.apis.metrics_file import draw_into
    from jmpose_mm.engine.configs import load_config
    from jmpose_mm.engine.devices import choose_device
    from jmpose_mm.engine.distributed import check_launcher

    check_launcher(arguments.launcher, arguments.device)
    device = choose_device(arguments.device, 'training')
    cfg = load_config(
        arguments.config, arguments.cfg_options, arguments.work_dir, arguments.launcher
    )
    cfg = api.prepare_training(
        cfg,
        resume=arguments.resume,
        amp=arguments.amp,
        validate=not arguments.no_validate,
        auto_scale_lr=arguments.auto_scale_lr,
        allow_random_frozen=arguments.allow_random_frozen,
        device=device,
    )
    draw_into(cfg, arguments.show_dir, 'val')
    api.train(cfg, device)


def main() -> int:
    """Train what the command line names."""
    parser = make_parser()
    arguments = parse_runner_arguments(parser)
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, train)


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))  # where another program runs this file
    from starting import started

    sys.exit(started(main))
