"""Poses of a model in films, kept in a folder for each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.output_folder import POSES
from jmpose_mm.video.files.recordings import Recording, read_poses
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.people.found_boxes import FoundBoxes
from jmpose_mm.video.records import Frame, FramePoses
from jmpose_mm.video.video_inference import VideoOutputs, infer_video

__all__ = ['RecordedBoxes', 'make_poses', 'read_film_poses']


class RecordedBoxes:
    """Boxes and identities of an earlier run: two models see the same persons in the same crops.

    Args:
        poses: Poses of the film.
    """

    has_ids = True
    is_repeatable = True
    name = "the teacher's boxes"

    def __init__(self, poses: Sequence[FramePoses]) -> None:
        self._frames = {frame.index: frame.persons for frame in poses}

    def __call__(self, frame: Frame) -> FoundBoxes:
        """Those of a frame."""
        persons = self._frames.get(frame.index, ())
        return FoundBoxes(
            np.array([person.box for person in persons], dtype=float).reshape(-1, 4),
            np.array([person.box_score for person in persons], dtype=float),
            np.array([person.id for person in persons], dtype=int),
        )


def make_poses(inferencer: VideoPoseInferencer, film: str, folder: Path) -> Recording:
    """Run on a film, or go on with what an interrupted run has left.

    Raises:
        UsageError: Something of the film could not be read.
    """
    outputs = VideoOutputs(film=False, exports=['csv'])
    recording = infer_video(inferencer, open_source(film), folder, outputs, {}, resume=True)
    for note in recording.notes:
        print(f'note: {film}: {note}', file=sys.stderr)
    if recording.problems:
        raise UsageError(f'{film}: {recording.problems[0]}; mend the film, or leave it out')
    return recording


def read_film_poses(folder: Path) -> list[FramePoses]:
    """What was made."""
    return list(read_poses(folder / POSES))
