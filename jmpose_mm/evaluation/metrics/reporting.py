"""What every metric prints: a table, and before it the conditions without which it says nothing."""

from __future__ import annotations

import re
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from jmpose_mm.errors import UsageError
from jmpose_mm.tables import plain_table

__all__ = ['LabelledMetric', 'log_table']

_GROUND_TRUTH = 'ground truth'


class LabelledMetric(BaseMetric):
    """A metric whose numbers name their boxes and their protocol.

    A run tells both by `describe`, read off what runs. Offline, without a runner, nothing can be
    read off: then the label says what the caller states, and that it is a statement.

    Args:
        boxes: Source of the person boxes, as the caller of an offline evaluation states it.
        **kwargs: ``prefix`` and ``collect_device`` of mmengine's `BaseMetric`.

    Attributes:
        label: ``boxes`` and ``protocol`` as texts.
        provenance: Facts of the run, for files of predictions; None offline.

    Raises:
        UsageError: ``boxes`` is empty, or a protocol is typed.
    """

    def __init__(self, boxes: str | None = None, **kwargs: Any) -> None:
        if 'protocol' in kwargs:
            raise UsageError(
                f'protocol: expected none, got {kwargs["protocol"]!r}; it is read off the config '
                'and what runs: leave the argument out'
            )
        super().__init__(**kwargs)
        if boxes is not None and (not isinstance(boxes, str) or not boxes.strip()):
            raise UsageError(
                "boxes: expected the source of the boxes, e.g. 'ground truth' or the name of a "
                f'detection file, or None, got {boxes!r}'
            )
        self.boxes = boxes
        stated = 'not stated' if boxes is None else f'{boxes} (stated by the caller)'
        self.label = {'boxes': stated, 'protocol': 'not stated'}
        self.provenance: dict[str, Any] | None = None

    def joints_of_dataset(self) -> list[str]:
        """Names of the joints that samples have, in their order.

        Raises:
            UsageError: Nobody has set ``dataset_meta``.
        """
        names = (self.dataset_meta or {}).get('keypoint_id2name')
        if names is None:
            raise UsageError(
                f'dataset_meta of {type(self).__name__}: expected that of the data set which was '
                f'predicted on, with keypoint_id2name, got {self.dataset_meta!r}; before the first '
                'sample set dataset_meta of the metric or the Evaluator to dataset.metainfo'
            )
        return [names[index] for index in range(len(names))]

    def describe(self, label: dict[str, str], provenance: dict[str, Any] | None = None) -> None:
        """Take over what a run was, for the numbers that follow.

        Args:
            label: ``boxes`` and ``protocol``, read off what runs.
            provenance: Facts of the run. What the caller states about boxes counts for nothing
                then; where it differs from what was read, a warning says so.
        """
        if self.boxes is not None and not _same_boxes(self.boxes, label['boxes']):
            MMLogger.get_current_instance().warning(
                'boxes of %s: the data set reads %r, and the label says so; the statement %r is '
                'not used: leave the argument out',
                *(type(self).__name__, label['boxes'], self.boxes),
            )
        self.label, self.provenance = dict(label), provenance


def _same_boxes(stated: str, read: str) -> bool:
    """Whether a statement names the boxes that were read; it may leave out who found them."""
    # The name of the detector stands in brackets before the threshold.
    plain = re.sub(r' \(.*\)(?=, score >= )', '', read)
    stated = _GROUND_TRUTH if stated.strip().lower() in ('gt', _GROUND_TRUTH) else stated.strip()
    return stated in (read, plain)


def log_table(title: str, info: dict[str, str], table: list[list[str]]) -> None:
    """Log ``title``, what makes the numbers comparable, and the rows of ``table``."""
    said = ' | '.join(f'{name}: {value}' for name, value in info.items())
    MMLogger.get_current_instance().info('%s, %s\n%s', title, said, plain_table(table))
