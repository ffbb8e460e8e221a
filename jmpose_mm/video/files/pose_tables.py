"""Poses of a file as tables and arrays, for notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jmpose_mm.video.files.recordings import Recording, read_poses

if TYPE_CHECKING:
    import pandas

__all__ = ['to_dataframe']


def to_dataframe(poses: Recording | str | Path) -> pandas.DataFrame:
    """A row for each person, frame and joint.

    Args:
        poses: A recording, as :func:`read_poses` gives it, or the path of a ``poses.json``.

    Returns:
        Columns ``frame``, ``time`` (seconds), ``person``, ``joint``, ``x``, ``y`` (pixels) and
        ``score``, in the order of the file.

    Raises:
        ValueError: It is no file of poses.

    Example:
        >>> from jmpose_mm.video.files.pose_files import PoseFile
        >>> import numpy as np
        >>> from jmpose_mm import Skeleton
        >>> from jmpose_mm.video.files.recordings import PoseHeader
        >>> from jmpose_mm.video.records import FramePoses, PersonPose
        >>> skeleton = Skeleton(('nose', 'neck'), ((0, 1),))
        >>> person = PersonPose(1, np.array([0, 0, 9, 9]), 0.9, np.ones((2, 2)), np.ones(2))
        >>> file = PoseFile('poses.json', PoseHeader('walk.mp4', 25.0, skeleton, {}))
        >>> for index in range(3):
        ...     file.add(None, FramePoses(index, index / 25, '', (64, 48), (person,)))
        >>> file.close()
        >>> table = to_dataframe('poses.json')
        >>> table.groupby('joint').x.mean().to_dict()
        {'neck': 1.0, 'nose': 1.0}
    """
    import pandas

    recording = poses if isinstance(poses, Recording) else read_poses(poses)
    joints = recording.header.skeleton.joints
    rows = [
        (frame.index, frame.time, person.id, joint, float(x), float(y), float(score))
        for frame in recording
        for person in frame.persons
        for joint, (x, y), score in zip(joints, person.keypoints, person.scores, strict=True)
    ]
    columns = ['frame', 'time', 'person', 'joint', 'x', 'y', 'score']
    return pandas.DataFrame(rows, columns=columns)
