"""Boxes of a frame as its source gives them, and what of them can be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.records import Frame, Remarks

__all__ = ['BoxSource', 'BoxTally', 'FilmBoxes', 'FoundBoxes', 'found_boxes']


class FoundBoxes(NamedTuple):
    """Boxes of a frame.

    Attributes:
        boxes: ``(N, 4)`` left, top, right, bottom in pixels.
        scores: ``(N,)`` in [0, 1].
        ids: ``(N,)`` identities over the video, from 1, of a source that knows them; else None.

    Example:
        >>> def middle(frame):  # a detector: anything from a frame to boxes
        ...     height, width = frame.image.shape[:2]
        ...     return FoundBoxes(np.array([[0, 0, width, height]]) / 2, np.ones(1))
        >>> middle(Frame(0, 0.0, '', np.zeros((48, 64, 3), np.uint8))).boxes
        array([[ 0.,  0., 32., 24.]])
    """

    boxes: np.ndarray
    scores: np.ndarray
    ids: np.ndarray | None = None

    def rows(self, kept: np.ndarray) -> FoundBoxes:
        """The boxes that ``kept`` names, an ``(N,)`` mask or indices."""
        ids = None if self.ids is None else self.ids[kept]
        return FoundBoxes(self.boxes[kept], self.scores[kept], ids)


BoxSource = Callable[[Frame], Any]
"""From a frame to anything that :func:`found_boxes` takes."""


class FilmBoxes(NamedTuple):
    """A source of boxes for one film, and afterwards what is to be said about it.

    Attributes:
        of: The source.
        remarks: Remarks once the film has ended, by whether all frames came.
    """

    of: BoxSource
    remarks: Callable[[bool], Remarks]


EXPECTED = (
    'boxes: expected FoundBoxes, (boxes, scores), (boxes, scores, ids), an array (N, 4) or (N, 5) '
    'of left, top, right, bottom and score, or None'
)


def found_boxes(value: Any) -> FoundBoxes:
    """Bring what a source of boxes returned into one form, as copies.

    Args:
        value: :class:`FoundBoxes`; a tuple ``(boxes, scores)`` or ``(boxes, scores, ids)``, or a
            dict of these; an array (N, 4), or (N, 5) with scores in the last column; or None for
            nobody. Arrays may be lists, or tensors on any device.

    Raises:
        UsageError: It is something else.
    """
    ids = None
    if isinstance(value, Mapping) and 'boxes' in value:
        value = (value['boxes'], value.get('scores'), value.get('ids'))
    try:
        if isinstance(value, tuple) and len(value) in (2, 3) and not _is_row_of_numbers(value[0]):
            boxes, scores = _array(value[0]), None if value[1] is None else _array(value[1])
            ids = _array(value[2]) if len(value) == 3 and value[2] is not None else None
        else:
            boxes, scores = _array([] if value is None else value), None
    except (TypeError, ValueError) as error:
        raise UsageError(f'{EXPECTED}; got {type(value).__name__} ({error})') from error
    boxes = boxes.reshape(-1, 4) if boxes.size == 0 else np.atleast_1d(boxes)
    if boxes.ndim == 2 and boxes.shape[1] == 5 and scores is None:
        boxes, scores = boxes[:, :4], boxes[:, 4]
    scores = np.ones(len(boxes)) if scores is None else scores.reshape(-1)
    ids = None if ids is None else ids.reshape(-1)
    counts = {len(boxes), len(scores), len(boxes if ids is None else ids)}
    if boxes.ndim != 2 or boxes.shape[1] != 4 or len(counts) > 1:
        shapes = [part.shape for part in (boxes, scores, ids) if part is not None]
        raise UsageError(f'{EXPECTED}; got shapes {", ".join(map(str, shapes))}')
    return FoundBoxes(boxes.copy(), scores.copy(), None if ids is None else ids.astype(np.int64))


class BoxTally:
    """Counts what of the boxes of a film is left out, and why.

    Attributes:
        used: Boxes that were taken.
    """

    def __init__(self) -> None:
        self.used = 0
        self._left_out: Counter[str] = Counter()
        self._first: dict[str, int] = {}

    def usable(self, found: FoundBoxes, frame: Frame) -> FoundBoxes:
        """The boxes that show some of the frame, each identity once; the others are counted."""
        boxes, scores = found.boxes, found.scores
        height, width = frame.image.shape[:2]
        finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
        sides = np.where(finite[:, None], boxes[:, 2:] - boxes[:, :2], 0)
        inside = (boxes[:, :2] < (width, height)).all(1) & (boxes[:, 2:] > 0).all(1)
        kept = np.ones(len(boxes), dtype=bool)
        for reason, right in (
            ('not finite numbers', finite),
            ('without an area', (sides > 0).all(axis=1)),
            ('outside of the frame', inside),
            ('a second one of the same identity in a frame', _firsts(found, kept)),
        ):
            self.count(reason, int((kept & ~right).sum()), frame)
            kept &= right
        self.used += int(kept.sum())
        return found.rows(kept)

    def lines(self) -> list[str]:
        """A line for each reason."""
        return [
            f'boxes: {count} left out, since {"it is" if count == 1 else "they are"} {reason} '
            f'(first in frame {self._first[reason]})'
            for reason, count in self._left_out.items()
        ]

    def count(self, reason: str, count: int, frame: Frame) -> None:
        """Note that so many boxes of a frame are left out for a reason."""
        if count:
            self._left_out[reason] += count
            self._first.setdefault(reason, frame.index)


def _firsts(found: FoundBoxes, kept: np.ndarray) -> np.ndarray:
    """(N,) which box is the best scored one of its identity; all where there are no identities."""
    first = np.ones(len(found.boxes), dtype=bool)
    if found.ids is None:
        return first
    seen: set[int] = set()
    for n in np.argsort(-np.nan_to_num(found.scores), kind='stable'):
        first[n] = found.ids[n] not in seen or not kept[n]
        seen.add(int(found.ids[n]))
    return first


def _array(value: Any) -> np.ndarray:
    if hasattr(value, 'detach'):  # a tensor, on whatever device
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=np.float64)


def _is_row_of_numbers(value: Any) -> bool:
    return np.ndim(value) == 1 and len(value) in (4, 5) and np.isscalar(value[0])
