"""HiEve's additions to PoseTrack's AP: sizes of heads and weights of frames.

Axes: M annotated persons, J = 14 joints in the order of `HIEVE_JOINTS`, F frames. Coordinates are
image pixels, ``(x, y)``.

The paper (arXiv 2005.04490, section 4.2) measures distances in head sizes and weights frames for
its w-AP; the labels have no box of the head, and the evaluator runs on a server. Both are therefore
choices of this file, which its numbers must be quoted with. One thing does not fit: the paper calls
the α of AP@α the distance that still counts, yet its table falls as α rises.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from jmpose_mm.functional.arrays import BoolArray, FloatArray, as_floats, as_mask
from jmpose_mm.functional.evaluation.posetrack_persons import TruePersons, as_persons
from jmpose_mm.functional.joint_names import HIEVE_JOINTS

__all__ = ['crowd_index', 'frame_weights', 'head_size_of_joints']

NOSE, CHEST = HIEVE_JOINTS.index('nose'), HIEVE_JOINTS.index('chest')
# Of the diagonal around the joints: our choice for a head, which HiEve does not label.
SHARE_OF_BODY = 0.1
CROWD_COEFFICIENT = 2.0  # c1 in the paper


def head_size_of_joints(keypoints: ArrayLike, present: ArrayLike) -> FloatArray:
    """Head sizes (M,) in pixels from joints: the distance from nose to chest; where one of the two
    is not annotated, a tenth of the diagonal of the box around the joints.

    Args:
        keypoints: (M, J, 2) pixels.
        present: (M, J) whether a joint is annotated.

    Example:
        >>> import numpy as np
        >>> keypoints, present = np.zeros((1, 14, 2)), np.ones((1, 14), bool)
        >>> keypoints[0, NOSE] = 3, 4
        >>> head_size_of_joints(keypoints, present)
        array([5.])
    """
    keypoints, present = as_floats('keypoints', keypoints, 'M J 2'), as_mask('present', present)
    low, high = _joint_boxes(keypoints, present)
    body = SHARE_OF_BODY * np.hypot(*(high - low).T)
    neck = np.hypot(*(keypoints[:, NOSE] - keypoints[:, CHEST]).T)
    size: FloatArray = np.where(present[:, NOSE] & present[:, CHEST], neck, body)
    return size


def crowd_index(truth: TruePersons, num_frames: int) -> FloatArray:
    """Crowd index of CrowdPose for each frame (F,): the mean, over the persons with joints, of
    ``joints of others inside the person's box / own joints``.

    The box is that around the person's joints. 0 where nobody has joints.

    Example:
        >>> import numpy as np
        >>> points, present = np.zeros((2, 14, 2)), np.ones((2, 14), bool)
        >>> truth = TruePersons(np.array([0, 0]), points, present, np.ones(2))
        >>> crowd_index(truth, num_frames=2)
        array([1., 0.])
    """
    truth = as_persons(truth)
    low, high = _joint_boxes(truth.keypoints, truth.present)
    total, count = np.zeros(num_frames), np.zeros(num_frames)
    for frame in np.unique(truth.frame):
        rows = np.flatnonzero((truth.frame == frame) & truth.present.any(axis=1))
        if not len(rows):
            continue
        points, present = truth.keypoints[rows], truth.present[rows]
        inside = (points >= low[rows, None, None]) & (points <= high[rows, None, None])
        joints = (inside.all(axis=-1) & present).sum(axis=-1)  # (box, person)
        # On the diagonal are the joints of the person whose box it is.
        others = joints.sum(axis=1) - np.diagonal(joints)
        total[frame] = (others / present.sum(axis=1)).sum()
        count[frame] = len(rows)
    mean: FloatArray = total / np.maximum(1, count)
    return mean


def frame_weights(index: ArrayLike) -> FloatArray:
    """Weights (F,) of frames for the w-AP from their crowd index (F,): ``2 exp(index)``.

    **Not the server's.** The formula's shape is from memory. Its term for anomalous actions is left
    out, since their labels are not in the pose files. How the server's sums take the weights is not
    public; here a joint counts as often as its frame weighs.

    Example:
        >>> import numpy as np
        >>> frame_weights(np.array([0.0, 0.5])).round(2)
        array([2. , 3.3])
    """
    weights: FloatArray = CROWD_COEFFICIENT * np.exp(as_floats('index', index))
    return weights


def _joint_boxes(keypoints: FloatArray, present: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Low and high corners (M, 2) around the present joints; 0 where there are none."""
    known = present[..., None]
    anybody = present.any(axis=1)[:, None]
    low = np.where(known, keypoints, np.inf).min(axis=1)
    high = np.where(known, keypoints, -np.inf).max(axis=1)
    return np.where(anybody, low, 0), np.where(anybody, high, 0)
