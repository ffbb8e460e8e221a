"""Frames, and persons as columns: what readers of every layout fill.

Axes: N persons, K joints. Coordinates are the file's image pixels, boxes xyxy.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.formats.frame_names import video_key

__all__ = ['NO_BOX', 'Image', 'Persons']

NO_BOX = (float('nan'),) * 4


class Image(NamedTuple):
    """One frame.

    Attributes:
        name: Name in the file, with ``/`` between folders.
        source: The file that lists it.
        image_id: Id of the image; None where the layout has none (``annolist``).
        size: (width, height) in pixels; None where the file does not tell it.
        fields: All else that the file says of it.
    """

    name: str
    source: Path
    image_id: int | str | None = None
    size: tuple[int, int] | None = None
    fields: dict[str, Any] = {}

    @property
    def videos(self) -> frozenset[str]:
        """Names of its video: the `video_key` of its folder, and its `video_id`."""
        keys = {video_key(str(PurePosixPath(self.name).parent)), self.video_id}
        return frozenset(key for key in keys if key is not None)

    @property
    def video_id(self) -> str | None:
        """The video that the file names: ``vid_id``, or ``video_id`` or ``video`` of others."""
        given = (self.fields.get(key) for key in ('vid_id', 'video_id', 'video'))
        named = (str(value) for value in given if isinstance(value, int | str))
        return next((name for name in named if name), None)

    @property
    def frame_rate(self) -> float | None:
        """Frames per second of its video; None where the file does not say it.

        Raises:
            UsageError: It is no finite number above 0.
        """
        rate = self.fields.get('frame_rate')
        if rate is None:
            return None
        if not isinstance(rate, int | float) or not 0 < rate < float('inf'):
            raise UsageError(
                f'{self.source}: {self.name}: frame_rate: expected frames per second above 0, '
                f'got {cut(repr(rate))}'
            )
        return float(rate)

    @property
    def flags(self) -> dict[str, bool]:
        """The fields that are true or false, written ``true`` or ``[1]``, or 1 of ``is_...``."""
        flags = {}
        for name, value in self.fields.items():
            said = value in ([0], [1]) or (name.startswith('is_') and value in (0, 1))
            if isinstance(value, bool) or said:
                flags[name] = bool(value[0] if isinstance(value, list) else value)
        return flags


class Persons(NamedTuple):
    """Persons of many frames, those without any joint included.

    Attributes:
        image: (N,) index of the person's frame.
        keypoints: (N, K, 3) x, y and the third number of the file, which is 1 for each joint that
            an ``annolist`` lists. A joint is absent where all three are 0.
        scores: (N, K) of the joints; `MISSING_SCORE` where the file gives none.
        boxes: (N, 4) of the persons; NaN where the file gives none.
        boxed: (N,) whether the file gives one, be it unusable.
        head_boxes: (N, 4); NaN where the file gives none.
        listed: (N,) whether there is a list of joints, be it empty: without one, the official
            loader removes the person (its frame still counts).
        crowd: (N,) whether it is a crowd instead of one person.
        track_ids: Each person's number in its video, or None.
        annotation_ids: Ids in the file; None where the layout has none.
        entries: The file's own objects; empty where they were not asked for.
    """

    image: NDArray[Any]
    keypoints: NDArray[Any]
    scores: NDArray[Any]
    boxes: NDArray[Any]
    boxed: NDArray[Any]
    head_boxes: NDArray[Any]
    listed: NDArray[Any]
    crowd: NDArray[Any]
    track_ids: list[int | str | None]
    annotation_ids: list[int | str | None]
    entries: list[dict[str, Any]]

    @classmethod
    def joined(cls, blocks: Sequence[Persons], num_joints: int) -> Persons:
        """All persons of some blocks, in their order."""
        nobody = cls.nobody(num_joints)
        columns: list[Any] = []
        for name in cls._fields:
            parts = [getattr(block, name) for block in (nobody, *blocks)]
            is_list = isinstance(parts[0], list)
            columns.append([*chain.from_iterable(parts)] if is_list else np.concatenate(parts))
        return cls(*columns)

    @classmethod
    def nobody(cls, num_joints: int) -> Persons:
        """No person, with columns of the right types."""
        return cls(
            np.empty(0, dtype=np.int64),
            np.empty((0, num_joints, 3)),
            np.empty((0, num_joints)),
            np.empty((0, 4)),
            np.empty(0, dtype=bool),
            np.empty((0, 4)),
            np.empty(0, dtype=bool),
            np.empty(0, dtype=bool),
            [],
            [],
            [],
        )

    @property
    def present(self) -> NDArray[Any]:
        """(N, K) which joints are there: not all three numbers are 0."""
        x, y, third = np.moveaxis(self.keypoints != 0, 2, 0)  # quicker than any() of three
        return np.asarray(x | y | third)

    def take(self, rows: NDArray[Any]) -> Persons:
        """The persons at ``rows``, a mask (N,) or indices."""
        # As indices, since lists cannot be asked by a mask.
        chosen = np.arange(len(self.image))[rows]
        columns: list[Any] = []
        for column in self:
            if isinstance(column, list):
                columns.append([column[row] for row in chosen] if column else [])
            else:
                columns.append(column[chosen])
        return type(self)(*columns)
