"""What one annotated or detected person becomes as a sample.

Axes: K keypoints. Boxes are xyxy, all coordinates image pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jmpose_mm.datasets.body.annotation_files import Image, Person
from jmpose_mm.functional.crop import clip_boxes, is_usable_box

__all__ = ['labelled_keypoints', 'sample_of', 'usable_box']


def labelled_keypoints(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (K, 2) and which of them are labelled (K,): finite, with a visibility above 0.

    As in the released loaders, a joint that is placed but flagged 0 is not trained on.
    """
    finite = np.isfinite(person.keypoints).all(axis=1)
    labelled = finite & (person.keypoints[:, 2] > 0)
    return np.where(finite[:, None], person.keypoints[:, :2], 0.0), labelled


def usable_box(box: np.ndarray | None, image: Image) -> tuple[np.ndarray, str]:
    """The box, clipped where the image's size is known, and why it cannot be used, if it cannot."""
    if box is None or not is_usable_box(box):
        return np.zeros(4), 'without a usable box'
    if image.size is not None:
        box = clip_boxes(box, *image.size)
    return box, '' if is_usable_box(box) else 'with a box outside of the image'


def sample_of(frame: dict, box: np.ndarray, score: float, identity: int) -> dict[str, Any]:
    """What annotated and detected persons have in common."""
    return {
        **frame,
        'id': identity,
        'bbox': np.asarray(box, dtype=np.float32)[None],
        'bbox_score': np.asarray([score], dtype=np.float32),
        'category_id': 1,
        'iscrowd': 0,
    }
