#!/usr/bin/env python3
"""Evaluate a checkpoint on the test set of its config; print the table, or `--out` it as JSON."""

from __future__ import annotations

import argparse
import os
import sys


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a path, or the file name of a config of this package')
    parser.add_argument('checkpoint', help='the checkpoint, a path or an address')
    parser.add_argument('--work-dir', help='where the log goes')
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
    parser.add_argument('--show-dir', help='draw the predictions into this folder')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. test_dataloader.batch_size=8',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--gpus', type=int, help='0 tests on the CPU; more than 1 needs a launcher')
    parser.add_argument('--device', choices=['cpu', 'cuda'], help='default: a GPU if there is one')
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0, help='set by launchers'
    )
    args = parser.parse_args()
    if args.launcher == 'none' and args.gpus is not None and args.gpus > 1:
        parser.error('--gpus above 1 needs a launcher: --launcher pytorch, or tools/dist_test.sh')
    return args


def main() -> int:
    """Test as the command line says."""
    args = parse_args()
    # Before torch is imported: mmengine decides on its device at that moment.
    if args.device == 'cpu' or args.gpus == 0:
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))

    from jmpose_mm.apis import configs
    from jmpose_mm.apis import train_and_test as api
    from jmpose_mm.apis.protocols import apply_protocol

    try:
        api.check_device(args.device)
        cfg = configs.load_config(args.config, args.cfg_options, args.work_dir, args.launcher)
        api.draw_into(cfg, args.show_dir)
        if args.protocol:
            apply_protocol(cfg, args.protocol)
        if args.out_dir:
            cfg.test_evaluator.out_dir = args.out_dir
        api.test(cfg, args.checkpoint, args.out, args.dump)
    except configs.UsageError as error:
        print(f'test.py: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
