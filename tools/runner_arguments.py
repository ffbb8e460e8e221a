"""The part of the command line that train.py and test.py share."""

from __future__ import annotations

import argparse
import os

__all__ = ['add_runner_arguments', 'parse_runner_arguments']


def add_runner_arguments(parser: argparse.ArgumentParser, work: str, example: str) -> None:
    """Add the config, what may change in it, and where it runs.

    Args:
        parser: Gets the arguments.
        work: What the tool does, e.g. ``trains``.
        example: Of ``--cfg-options``.
    """
    parser.add_argument('config', help='a path, or the file name of a config of this package')
    parser.add_argument(
        '--work-dir',
        help='folder of logs and checkpoints; default: work_dirs/ and the name of the config',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help=f'change settings of the config, e.g. {example}; lists as "a=[1,2]"',
    )
    parser.add_argument('--show-dir', help='draw the predictions (of validation) into this folder')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='starts the processes of a distributed run; default: none',
    )
    parser.add_argument(
        '--gpus', type=int, help=f'0 {work} on the CPU; more than 1 needs a launcher'
    )
    parser.add_argument('--device', default='auto', help='auto (default), cpu, cuda, cuda:1 or mps')
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='number of the process on this machine; launchers set it',
    )
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')


def parse_runner_arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line, and prepare the environment before torch is imported."""
    arguments = parser.parse_args()
    gpus = arguments.gpus
    if gpus is not None and gpus < 0:
        parser.error(f'--gpus: expected 0 or more, got {gpus}')
    if arguments.launcher == 'none' and gpus is not None and gpus > 1:
        script = f'tools/dist_{parser.prog.removesuffix(".py")}.sh'
        parser.error(f'--gpus above 1 needs a launcher: --launcher pytorch, or {script}')
    if gpus == 0:
        if arguments.device not in ('auto', 'cpu'):
            parser.error(f'--gpus 0 means the CPU: expected no --device {arguments.device}')
        arguments.device = 'cpu'
    if arguments.device == 'cpu':  # nothing touches a GPU then, by accident or to count its memory
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    os.environ.setdefault('LOCAL_RANK', str(arguments.local_rank))
    return arguments
