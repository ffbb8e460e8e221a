"""Files of an evaluation: its metrics with what they hold under, and its predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.engine.protocols import Protocol
from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import check_output, write_json

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.evaluator import Evaluator

__all__ = ['conditions', 'draw_into', 'write_metrics', 'write_predictions_into']


def draw_into(cfg: Config, folder: str | Path | None, split: str = 'test') -> None:
    """Let the visualization hook write its drawings into `folder`; nothing without one.

    Args:
        cfg: Is changed in place.
        folder: Where to.
        split: ``'val'`` where a training validates, or ``'test'``.

    Raises:
        UsageError: Nothing of that split is predicted, or there is no such hook.
    """
    if folder is None:
        return
    check_output(folder, [], 'show_dir', folder=True)
    if (hook := (cfg.get('default_hooks') or {}).get('visualization')) is None:
        raise UsageError('show_dir: the config has no default_hooks.visualization')
    if not cfg.get(f'{split}_dataloader'):
        raise UsageError(
            f'show_dir: expected {split}_dataloader, whose predictions are drawn, got none'
        )
    hook.update(enable=True, out_dir=str(folder))


def write_predictions_into(folder: str | Path, evaluator: Evaluator) -> None:
    """Let each metric that writes predictions do so; where none does, one file holds them all."""
    from jmpose_mm.evaluation.metrics.prediction_files import PredictionFile

    writers = [metric for metric in evaluator.metrics if hasattr(metric, 'out_dir')]
    if not writers:
        file = PredictionFile(folder)
        file.dataset_meta = evaluator.dataset_meta
        evaluator.metrics.append(file)
        return
    for number, metric in enumerate(writers):
        inside = metric.prefix or f'metric_{number}'
        metric.out_dir = folder if len(writers) == 1 else str(Path(folder, inside))


def conditions(protocols: Sequence[Protocol]) -> dict[str, Any]:
    """Conditions that metrics hold under; where metrics differ, a list of each one's."""
    # Metrics that rank nobody, such as PCK, have no rule of scores to state.
    ranking = [p for p in protocols if p.score_rule is not None] or protocols
    said = {
        'boxes': [p.boxes_text for p in protocols],
        'protocol': [str(p) for p in protocols],
        'score_rule': [p.score_rule for p in ranking],
        'nms': [p.nms for p in ranking],
    }
    return {
        name: values[0] if len(set(values)) == 1 else list(dict.fromkeys(values))
        for name, values in said.items()
    }


def write_metrics(
    out: str | Path, metrics: dict[str, Any], conditions: dict[str, Any], provenance: dict[str, Any]
) -> None:
    """Write metrics, what they hold under and what was run as JSON, whole or not at all.

    Not-a-number becomes null; of what is no number, such as a list, there is the text.
    """

    def finite_or_null(value: Any) -> float | str | None:
        try:
            number = float(value)
        except (TypeError, ValueError):
            return str(value)
        return number if math.isfinite(number) else None

    values = {name: finite_or_null(value) for name, value in metrics.items()}
    write_json(out, {**conditions, 'metrics': values, 'provenance': provenance})
