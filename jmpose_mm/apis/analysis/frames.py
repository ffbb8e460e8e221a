"""The frames worth looking at: where a run is worst, and where two runs differ most.

Axes: M annotated persons, F frames, J = 15 joints.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from jmpose_mm.functional.evaluation.person_errors import joint_errors
from jmpose_mm.visualization.comparison import Panel, Row, comparison_picture, save_picture

from .runs import ScoredRun, Truth

__all__ = ['FrameErrors', 'draw_frames', 'farthest', 'frame_errors']

APART = 5  # frames of a video; closer ones look alike
HIT = 0.5  # head sizes, the evaluator's


class FrameErrors(NamedTuple):
    """Errors of one run, frame by frame.

    Attributes:
        mean: (F,) mean distance of annotated joints in head sizes, at most 1 each, those that are
            not predicted count 1; NaN where no joint is annotated.
        num_found: (F,) joints within half a head.
        num_joints: (F,) annotated joints.
    """

    mean: np.ndarray
    num_found: np.ndarray
    num_joints: np.ndarray


def frame_errors(truth: Truth, run: ScoredRun) -> FrameErrors:
    """Errors of a run's fitted predictions, frame by frame."""
    errors = joint_errors(truth.persons, run.predictions, run.fitted)

    def sums(values: np.ndarray) -> np.ndarray:
        frames = truth.persons.frame
        return np.bincount(frames, values.sum(axis=1), minlength=len(truth.keys))

    joints = sums(truth.persons.present)
    with np.errstate(invalid='ignore'):
        return FrameErrors(sums(np.nan_to_num(errors)) / joints, sums(errors <= HIT), joints)


def farthest(
    values: np.ndarray, weights: np.ndarray, truth: Truth, count: int, least: float = 0.0
) -> list[int]:
    """The frames with the largest values, those of a video some frames apart.

    Args:
        values: (F,); NaN is never chosen.
        weights: (F,) of equal values the largest weight comes first.
        truth: Says which video and place a frame has.
        count: Greatest number of frames.
        least: Frames whose value is not above are left out.
    """
    chosen: list[int] = []
    for frame in np.lexsort((-weights, -np.nan_to_num(values))).tolist():
        video, number = truth.keys[frame]
        near = (truth.keys[other] for other in chosen)
        close = any(video == other and abs(number - place) < APART for other, place in near)
        if values[frame] > least and not close and len(chosen) < count:
            chosen.append(frame)
    return chosen


def draw_frames(
    path: str | Path, image_root: str | Path, truth: Truth, runs: list[ScoredRun], frames: list[int]
) -> Path:
    """Draw frames: the image, the fitted predictions of each run, and the truth.

    Raises:
        ValueError: An image cannot be read.
    """
    errors = [frame_errors(truth, run) for run in runs]
    rows = [_row(Path(image_root), truth, runs, errors, frame) for frame in frames]
    columns = ('image', *(run.name for run in runs), 'truth')
    return save_picture(path, comparison_picture(columns, rows))


def _row(
    root: Path, truth: Truth, runs: list[ScoredRun], errors: list[FrameErrors], frame: int
) -> Row:
    rows = np.flatnonzero(truth.persons.frame == frame)
    rows = rows[truth.persons.present[rows].any(axis=1)]
    places, known = truth.persons.keypoints[rows], truth.persons.present[rows]
    panels = [Panel(np.full_like(places, np.nan))]
    for run, error in zip(runs, errors, strict=True):
        fitted = run.fitted[rows]
        shown = run.predictions.present[fitted] & (fitted >= 0)[:, None]
        points = np.where(shown[..., None], run.predictions.keypoints[fitted], np.nan)
        found, joints = int(error.num_found[frame]), int(error.num_joints[frame])
        # -1 marks persons for whom no prediction is left.
        missed = int((fitted < 0).sum())
        caption = f'error {error.mean[frame]:.2f} heads, {found} of {joints} joints right'
        caption += f', {missed} missed' if missed else ''
        panels.append(Panel(points, caption=caption))
    panels.append(Panel(places, known.astype(float)))
    video, number = truth.keys[frame]
    image = _image(root, truth.frames.images[frame].name)
    return Row(f'{video}, frame {number}', image, panels, places, known)


def _image(root: Path, name: str) -> np.ndarray:
    """Read an image below ``root``; the first folder of its name may be what ``root`` names."""
    for path in (root / name, root.joinpath(*Path(name).parts[1:])):
        image = cv2.imread(str(path)) if path.is_file() else None
        if image is not None:
            return image
    raise ValueError(
        f'{root / name}: expected an image, found none that can be read; the folder of images must '
        'be what image names in the ground truth are relative to'
    )
