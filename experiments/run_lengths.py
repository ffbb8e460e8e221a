"""AP of JM-Pose on the embedded data by the length of training's runs; see docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

# a script sees its own folder; the package beside it is seen from the root of the clone
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MEASURED = ('AP', 'degraded', 'processor s')
CONFIG = 'jm-pose_resnet18_1xb8_synthetic-128x96.py'


class Training(NamedTuple):
    """One training.

    Attributes:
        length: Key frames of a run; 1 is independent windows.
        crop: See `RunBatchSampler`.
        epochs: Epochs.
        seed: Seed of order, augmentation and start.
    """

    length: int
    crop: str
    epochs: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder and its result."""
        return f'runs-of-{self.length}_{self.crop}_{self.epochs}e_seed-{self.seed}'


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Train JM-Pose on runs of several lengths with several seeds, and print AP. '
        'A training whose result is there is not made again, and several of these commands share '
        'the work: it goes on where it was stopped.'
    )
    parser.add_argument('baseline', help="checkpoint of the demo's single-frame model")
    parser.add_argument('--data-root', default='data/synthetic/demo', help='the embedded data')
    parser.add_argument('--work-dir', default='work_dirs/run_lengths', help='folder of the results')
    parser.add_argument(
        '--lengths', nargs='+', type=int, default=[1, 4, 2, 8], help='lengths of runs'
    )
    parser.add_argument('--crops', nargs='+', default=['frame', 'run'], help='ways to crop a run')
    parser.add_argument('--epochs', nargs='+', type=int, default=[4], help='numbers of epochs')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2], help='random seeds')
    parser.add_argument('--debug', action='store_true', help='show where an error comes from')
    return parser


def planned(arguments: argparse.Namespace) -> list[Training]:
    """All trainings, the first seed first."""
    return [
        Training(length, crop, epochs, seed)
        for seed in arguments.seeds
        for epochs in arguments.epochs
        for crop in arguments.crops
        for length in arguments.lengths
        if length > 1 or crop == arguments.crops[0]
    ]


def measure(arguments: argparse.Namespace) -> None:
    """Make what is not there yet, then print all results."""
    from jmpose_mm.tables import plain_table
    from jmpose_mm.whole_files import write_json

    folder = Path(arguments.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    results = {}
    for training in planned(arguments):
        file = folder / f'{training.name}.json'
        if not file.exists():
            try:
                os.close(os.open(file.with_suffix('.begun'), os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue  # another command is at it, or was stopped in it: delete the file then
            write_json(file, train_and_test(training, arguments))
        results[training] = json.loads(file.read_text(encoding='utf-8'))
    rows = [[*map(str, t), *(f'{v:.1f}' for v in result.values())] for t, result in results.items()]
    print(plain_table([['length', 'crop', 'epochs', 'seed', *MEASURED], *rows]))
    print()
    print(plain_table([['length', 'crop', 'epochs', 'seeds', *MEASURED], *summary(results)]))


def summary(results: Mapping[Training, Mapping[str, float]]) -> Iterator[list[str]]:
    """Rows of the means over the seeds, and of the least and the greatest value."""
    for kind in dict.fromkeys(training[:3] for training in results):
        found = [result for training, result in results.items() if training[:3] == kind]
        columns = zip(*(result.values() for result in found), strict=True)
        cells = (f'{mean(v):.1f} ({min(v):.1f} - {max(v):.1f})' for v in columns)
        yield [*map(str, kind), str(len(found)), *cells]


def train_and_test(training: Training, arguments: argparse.Namespace) -> dict[str, float]:
    """AP and AP_degraded in percent, evaluated with the published crop, and processor seconds."""
    from jmpose_mm.apis import load_config, test, train
    from jmpose_mm.engine.devices import choose_device, fast_dtype

    root, folder = arguments.data_root, Path(arguments.work_dir, training.name)
    paths = [f'{part}_dataloader.dataset.data_root={root}' for part in ('train', 'val', 'test')]
    truth = f'{root}/annotations/posetrack18_val.json'
    paths += [f'{part}_evaluator.ann_file={truth}' for part in ('val', 'test')]
    cfg = load_config(CONFIG, paths, str(folder))
    adapt(cfg, training, arguments.baseline)
    cfg.model.frozen_backbone_dtype = fast_dtype(choose_device('auto', 'training'))
    start = time.process_time()
    train(cfg)
    seconds = time.process_time() - start
    checkpoint = (folder / 'last_checkpoint').read_text(encoding='utf-8').strip()
    metrics = test(load_config(CONFIG, paths, str(folder / 'test')), checkpoint)
    return {
        'AP': metrics['posetrack/AP'],
        'degraded': metrics['posetrack/AP_degraded'],
        'seconds': seconds,
    }


def adapt(cfg: Any, training: Training, baseline: str) -> None:
    """Change the config of independent windows in place."""
    cfg.load_from, cfg.randomness = baseline, dict(seed=training.seed)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_cfg.max_epochs = cfg.param_scheduler.total_steps = training.epochs
    loader = cfg.train_dataloader
    loader.num_workers = 0  # loading counts among this process's seconds
    if training.length > 1:
        loader.drop_last = False
        loader.batch_sampler = dict(
            type='jmpose_mm.RunBatchSampler',
            run_length=training.length,
            crop=training.crop,
            drop_last=True,
        )
        loader.collate_fn = dict(type='jmpose_mm.collate_runs')


def main() -> int:
    """Measure what the command line names."""
    parser = make_parser()
    arguments = parser.parse_args()
    from jmpose_mm.errors import run_tool

    return run_tool(parser, arguments, measure)


if __name__ == '__main__':
    sys.exit(main())
