"""Drawings that put the predictions of several models and the truth side by side.

Axes: N persons of one frame, J = 15 PoseTrack joints.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.frame_names import ImageIndex
from jmpose_mm.visualization.comparison import (
    Panel,
    Row,
    comparison_picture,
    save_picture,
    side_by_side,
)
from jmpose_mm.visualization.drawing import draw_poses
from jmpose_mm.visualization.film import write_film

__all__ = ['draw_comparison']


class Poses(NamedTuple):
    """Everybody in one frame: keypoints (N, J, 2) in pixels, scores (N, J), head sizes (N,)."""

    keypoints: np.ndarray
    scores: np.ndarray
    head_size: np.ndarray


def draw_comparison(
    out_dir: str | Path,
    image_root: str | Path,
    truth_file: str | Path,
    predictions: dict[str, str | Path],
    num_frames: int = 5,
) -> tuple[Path, Path]:
    """A film of all frames, and a picture of those where the first and the last model differ most.

    Args:
        out_dir: ``comparison.mp4`` and ``comparison.png`` go here.
        image_root: Folder of the image names in the files.
        truth_file: PoseTrack ground truth.
        predictions: Title of each model to its directory of prediction files; the persons of a
            frame must be the annotated ones in their order (ground-truth boxes).
        num_frames: Rows of the picture.

    Returns:
        Paths of film and picture.
    """
    frames = read_annotations(truth_file)
    index, names = frames.index(), [image.name for image in frames.images]
    keys = frames.frame_keys()
    truth = _poses_by_frame(frames, index, annotated=True)
    models = {
        title: _poses_by_frame(read_annotations(folder), index)
        for title, folder in predictions.items()
    }
    shown = [place for place in range(len(names)) if place in truth]
    titles = [*models, 'truth']

    def views(key: int) -> list[Poses | None]:
        return [*(model.get(key) for model in models.values()), truth[key]]

    def film() -> Iterator[np.ndarray]:
        for key in shown:
            image = cv2.imread(str(Path(image_root, names[key])))
            drawn = [
                image if p is None else draw_poses(image, p.keypoints, p.scores, threshold=0.05)
                for p in views(key)
            ]
            yield side_by_side(drawn, titles)

    first, last = next(iter(models.values())), list(models.values())[-1]
    comparable = [
        key
        for key in shown
        if all(key in m and m[key].scores.shape == truth[key].scores.shape for m in (first, last))
    ]

    def difference(key: int) -> float:
        return abs(_error(first[key], truth[key]) - _error(last[key], truth[key]))

    rows = [
        _row(keys[key], str(Path(image_root, names[key])), views(key), truth[key])
        for key in sorted(comparable, key=difference, reverse=True)[:num_frames]
    ]
    video = write_film(Path(out_dir, 'comparison.mp4'), film())
    picture = save_picture(Path(out_dir, 'comparison.png'), comparison_picture(tuple(titles), rows))
    return video, picture


def _poses_by_frame(
    frames: AnnotationTables, index: ImageIndex, annotated: bool = False
) -> dict[int, Poses]:
    """Persons with joints by the place of their frame in the truth, where there are any."""
    persons = frames.truth() if annotated else frames.predictions()
    scores = persons.present.astype(float) if annotated else persons.scores
    # Predictions have no head: errors are measured in the truth's.
    head_size = persons.head_size if annotated else np.ones(len(persons.frame))
    poses = {}
    for number, image in enumerate(frames.images):
        chosen = (persons.frame == number) & persons.present.any(axis=1)
        place = index.find(image.name)
        if chosen.any() and place is not None:
            poses[place] = Poses(persons.keypoints[chosen], scores[chosen], head_size[chosen])
    return poses


def _error(poses: Poses, truth: Poses) -> float:
    """Mean distance of annotated joints in head sizes, at most 1 each: outliers do not decide."""
    distance = np.linalg.norm(poses.keypoints - truth.keypoints, axis=-1)
    known = truth.scores > 0
    return float(np.minimum(distance / truth.head_size[:, None], 1)[known].mean())


def _row(key: tuple[str, int], image: str, views: list[Poses | None], truth: Poses) -> Row:
    *predicted, _ = views
    panels = [
        Panel(p.keypoints, p.scores * 0 + 1, f'error {_error(p, truth):.2f} head sizes')
        for p in predicted
        if p is not None
    ]
    panels.append(Panel(truth.keypoints, truth.scores))
    return Row(
        title=f'{key[0]}, frame {key[1]}',
        image=cv2.imread(image),
        panels=panels,
        truth=truth.keypoints,
        known=truth.scores > 0,
    )
