"""Scales of a study, from a smoke test on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ['SCALES', 'Scale']


@dataclass(frozen=True)
class Scale:
    """The size of a study.

    Attributes:
        name: Name, by which runs belong to it: ``'cpu'`` or ``'gpu'``.
        preset: Preset of the embedded data.
        settings: Fields of the preset to change.
        samples: Key-frame samples that each model trains on, the same ones for all of a seed.
        batch: Batch size in samples.
        baseline_epochs: Epochs of the baseline, and of a control without a neck, over all training
            persons.
        test_interval: Every how manyth frame of the test videos is tested.
        most_seeds: No run is made with more.
        backbone: Packaged config of a single-frame model that backbone and crop are taken from, in
            place of the runs' own.
        workers: Processes that load images.
    """

    name: str = 'cpu'
    preset: str = 'hard'
    settings: dict[str, Any] = field(default_factory=dict)
    samples: int = 4800
    batch: int = 8
    baseline_epochs: int = 3
    test_interval: int = 4
    most_seeds: int = 3
    backbone: str | None = None
    workers: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)


SCALES = {
    'cpu': Scale(),
    'gpu': Scale(
        'gpu',
        samples=9600,
        baseline_epochs=6,
        most_seeds=2,
        backbone='single-frame_hrnet-w32_1xb30-20e_posetrack18-256x192.py',
        workers=12,
    ),
}
