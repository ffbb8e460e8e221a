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
