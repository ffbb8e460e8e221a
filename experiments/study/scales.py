"""Scales of a study, from a smoke test on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ['MAIN', 'SCALES', 'Scale']


@dataclass(frozen=True)
class Scale:
    """The size of a study.

    Attributes:
        name: Name, by which runs belong to it: ``'cpu'``, ``'night'`` or ``'gpu'``.
        seeds: Number of seeds of the runs of each group; a group that is not named is not made.
            The name of a run stands before its group.
        preset: Preset of the embedded data.
        settings: Fields of the preset to change.
        samples: Key-frame samples that each model trains on, the same ones for all of a seed.
        batch: Batch size in samples.
        baseline_epochs: Epochs of the baseline, and of a control without a neck, over all training
            persons.
        test_interval: Every how manyth frame of the test videos is tested.
        backbone: Packaged config of a single-frame model that backbone and crop are taken from, in
            place of the runs' own.
        workers: Processes that load images.
    """

    name: str = 'cpu'
    seeds: dict[str, int] = field(default_factory=dict)
    preset: str = 'hard'
    settings: dict[str, Any] = field(default_factory=dict)
    samples: int = 4800
    batch: int = 8
    baseline_epochs: int = 3
    test_interval: int = 4
    backbone: str | None = None
    workers: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)

    def setting(self) -> dict[str, Any]:
        """What decides a result, as JSON has it: scales that agree in it share their results."""
        deciding = {k: v for k, v in self.to_dict().items() if k not in ('name', 'seeds')}
        plain: dict[str, Any] = json.loads(json.dumps(deciding))
        return plain


MAIN = ('method', 'part')
"""Groups of the main table."""
_SAMPLES = 2800  # as many as let three passes of the main table end within two hours
SCALES = {
    'cpu': Scale(
        seeds=dict.fromkeys(MAIN, 3) | dict.fromkeys(('curve', 'control', 'objective'), 1),
        samples=_SAMPLES,
    ),
    # It goes on where `cpu` ends: the same setting, so that no run is made twice.
    'night': Scale(
        'night',
        seeds=dict.fromkeys(MAIN, 3)
        # The claim on these two is the one of the main table that three seeds leave open.
        | dict.fromkeys(('single_frame', 'tar'), 5)
        # As many of both, since the runs after five passes are compared with the curve's.
        | dict.fromkeys(('curve', 'longer'), 3)
        | dict.fromkeys(('ablation', 'objective', 'form'), 2)
        | dict.fromkeys(('control', 'answered'), 1),
        samples=_SAMPLES,
    ),
    'gpu': Scale(
        'gpu',
        seeds=dict.fromkeys((*MAIN, 'ablation', 'objective', 'form'), 2)
        | dict.fromkeys(('curve', 'control', 'answered'), 1),
        samples=9600,
        baseline_epochs=6,
        backbone='single-frame_hrnet-w32_1xb30-20e_posetrack18-256x192.py',
        workers=12,
    ),
}
