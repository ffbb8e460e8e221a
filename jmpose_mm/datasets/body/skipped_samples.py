"""What a data set leaves out of its files, in words for the log and the warnings.

Axes: F frames, N persons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.annotation_tables import AnnotationTables

__all__ = ['counts_text', 'coverage_remark', 'joint_order_remark']

_LARGE_PART, _HARDLY_ANY = 0.5, 0.05
_FEW_FRAMES = 20  # of so few, one is no small part
_ADVICE = (
    'check data_root, data_prefix and the names in bbox_file; where only some videos are meant, '
    'name them: videos=[…]'
)


def counts_text(counts: Counter[str]) -> str:
    """The counts that are not 0, with commas between them."""
    return ', '.join(f'{n} {what}' for what, n in counts.items() if n)


def joint_order_remark(annotations: AnnotationTables) -> str:
    """Say where a file lists the joints in another order than samples have; else empty."""
    wanted = annotations.joint_names
    if all([n for n in names if n in wanted] == list(wanted) for names in annotations.file_joints):
        return ''
    return (
        f'the joints are listed in another order than that of the data set ({listed(wanted, 4)}), '
        "which samples have; a metric that reads the file itself (CocoMetric's ann_file) compares "
        'other joints'
    )


def coverage_remark(tables: AnnotationTables, covered: Set[Any], losses: str, meant: bool) -> str:
    """Say where half of the frames with labelled persons, or more, give no sample.

    Args:
        tables: Content of the annotation files, without crowds.
        covered: Ids of the frames that give samples.
        losses: All that was left out, counted in words.
        meant: The user asked for most of the losses, as by a high threshold of scores.

    Returns:
        A sentence; empty where more than half of the frames give samples.

    Raises:
        UsageError: Hardly any frame, less than one of twenty, gives samples, and nobody asked for
            that; or hardly any person is of a listed image.
    """
    orphans = tables.lost['persons of an unknown image']
    persons = len(tables.persons.image) + orphans
    if persons - orphans < _HARDLY_ANY * persons and persons >= _FEW_FRAMES:
        raise UsageError(
            f'{orphans} of {persons} persons are of images that the file does not list; check '
            'image_id of annotations against id of images'
        )
    keypoints = tables.persons.keypoints
    labelled = (np.isfinite(keypoints).all(axis=2) & (keypoints[..., 2] > 0)).any(axis=1)
    ids = tables.image_ids or range(len(tables.images))
    wanted = {ids[frame] for frame in np.unique(tables.persons.image[labelled]).tolist()}
    found = len(wanted & covered)
    if found > _LARGE_PART * len(wanted) or not wanted:
        return ''
    said = (
        f'only {found} of {len(wanted)} frames with labelled persons give samples; '
        f'left out or mended: {losses}'
    )
    if found < _HARDLY_ANY * len(wanted) and len(wanted) >= _FEW_FRAMES and not meant:
        raise UsageError(f'{said}; {_ADVICE}')
    return said
