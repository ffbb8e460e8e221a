"""A model, a data set and a metric that take no time: what is tested is how they are found."""

from __future__ import annotations

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS


@DATASETS.register_module()
class ToyDataset(torch.utils.data.Dataset):
    """Four equal points."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {'inputs': torch.ones(3)}


@MODELS.register_module()
class ToyModel(BaseModel):
    """One linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, inputs: list[torch.Tensor], mode: str = 'tensor') -> object:
        out = self.layer(torch.stack(inputs))
        return {'loss': out.square().mean()} if mode == 'loss' else list(out)


@METRICS.register_module()
class ToyMetric(BaseMetric):
    """The mean output, and not-a-number, which JSON does not know."""

    boxes = 'ground truth'

    def process(self, data_batch: object, data_samples: list[torch.Tensor]) -> None:
        self.results.extend(float(sample) for sample in data_samples)

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        return {'toy/mean': sum(results) / len(results), 'toy/none': float('nan')}
