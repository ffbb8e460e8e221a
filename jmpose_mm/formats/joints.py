"""Joints of a file found by their names: one rule for data sets and evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES

__all__ = ['PLACEHOLDERS', 'WHOLEBODY_PARTS', 'joint_places', 'wholebody_joints']

PLACEHOLDERS = ('left_ear', 'right_ear')
"""Joints of PoseTrack's files that nobody annotates: a file may lack them."""

ALIASES = {'neck': 'head_bottom'}
"""PoseTrack's files call this joint by either name."""

_FINGERS = ('thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger')
_TOES = ('big_toe', 'small_toe', 'heel')
_HAND = ['hand_root', *(f'{finger}{k}' for finger in _FINGERS for k in '1234')]
WHOLEBODY_PARTS = {
    'foot_kpts': [f'{side}_{part}' for side in ('left', 'right') for part in _TOES],
    'face_kpts': [f'face-{k}' for k in range(68)],
    'lefthand_kpts': [f'left_{name}' for name in _HAND],
    'righthand_kpts': [f'right_{name}' for name in _HAND],
}
"""COCO-WholeBody's fields beside ``keypoints``, and the joints that each holds."""


def joint_places(names: Sequence[str], wanted: Sequence[str], where: str) -> NDArray[Any]:
    """Index of each wanted joint among the joints of a file or a model.

    Joints that are not wanted may stand between. Only PoseTrack's ears, which are never annotated,
    may be missing where all 17 joints of its files are wanted.

    Args:
        names: (K,) of the file.
        wanted: (J,) names.
        where: Place that lists the names, for the message.

    Returns:
        (J,) places among the K; -1 for a placeholder that is missing.

    Raises:
        UsageError: A wanted joint is missing, or there twice.
    """
    plain = [name if name in wanted else ALIASES.get(name, name) for name in names]
    # A file with both names means two joints.
    plain = [own if new in names else new for own, new in zip(names, plain, strict=True)]
    optional = PLACEHOLDERS if tuple(wanted) == FILE_JOINT_NAMES else ()
    missing = [name for name in wanted if name not in plain and name not in optional]
    if missing:
        others = [name for name in plain if name not in wanted]
        raise UsageError(
            f'{where}: expected the {len(wanted)} joints of the data set, got {len(plain)} without '
            f'{listed(missing)}{f", but with {listed(others)}" if others else ""}'
        )
    repeated = [name for name, count in Counter(plain).items() if count > 1 and name in wanted]
    if repeated:
        raise UsageError(f'{where}: expected each joint once, got {listed(repeated)} repeated')
    return np.asarray([plain.index(name) if name in plain else -1 for name in wanted])


def wholebody_joints(body: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Names of all joints of a COCO-WholeBody person.

    Args:
        body: (K,) of ``keypoints``.
        fields: Fields of `WHOLEBODY_PARTS` that persons have; their joints follow in this order.
    """
    return [*body, *(name for part in fields for name in WHOLEBODY_PARTS[part])]
