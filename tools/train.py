#!/usr/bin/env python3
"""Train a model: on a CPU, on one GPU, or on several with a launcher."""

from __future__ import annotations

import argparse
import os
import sys


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a path, or the file name of a config of this package')
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
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
    parser.add_argument('--show-dir', help='draw validation results into this folder')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. train_cfg.max_epochs=2; lists as "a=[1,2]"',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument(
        '--gpus', type=int, help='0 trains on the CPU; more than 1 needs a launcher'
    )
    parser.add_argument('--device', choices=['cpu', 'cuda'], help='default: a GPU if there is one')
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0, help='set by launchers'
    )
    args = parser.parse_args()
    if args.launcher == 'none' and args.gpus is not None and args.gpus > 1:
        parser.error('--gpus above 1 needs a launcher: --launcher pytorch, or tools/dist_train.sh')
    return args


def main() -> int:
    """Train as the command line says."""
    args = parse_args()
    # Before torch is imported: mmengine decides on its device at that moment.
    if args.device == 'cpu' or args.gpus == 0:
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))

    from jmpose_mm.apis import configs
    from jmpose_mm.apis import train_and_test as api

    try:
        api.check_device(args.device)
        cfg = configs.load_config(args.config, args.cfg_options, args.work_dir, args.launcher)
        api.draw_into(cfg, args.show_dir)
        api.prepare_training(
            cfg,
            resume=args.resume,
            amp=args.amp,
            validate=not args.no_validate,
            auto_scale_lr=args.auto_scale_lr,
        )
    except configs.UsageError as error:
        print(f'train.py: {error}', file=sys.stderr)
        return 2
    api.train(cfg)
    return 0


if __name__ == '__main__':
    sys.exit(main())
