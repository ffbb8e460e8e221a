"""Films that nobody labelled: what a teacher says of them, as files to train on."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from jmpose_mm.apis.video_training.film_poses import make_poses, read_film_poses
from jmpose_mm.apis.video_training.pseudo_labels import (
    FilmLabels,
    film_labels,
    full_score,
    labels_document,
)
from jmpose_mm.apis.video_training.true_labels import read_true_labels
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.poses.loading import dataset_meta
from jmpose_mm.video.records import FramePoses
from jmpose_mm.whole_files import write_json

__all__ = ['Films']

_NAME = 'images/train/{}/{:06d}.jpg'


class Films:
    """Rendered videos whose annotations nobody reads, but for `truth` and the few labels.

    Args:
        data: The rendered set. Boxes are its noisy detections, which stand for a detector.
        folder: Where poses and labels go.
        cfg: Config of the teacher.
        checkpoint: Weights of the teacher.
    """

    def __init__(self, data: Path, folder: Path, cfg: Config, checkpoint: str) -> None:
        self.data, self.folder, self._teacher = data, folder, (cfg, checkpoint)
        self.truth = data / 'annotations/posetrack18_train.json'
        self.names = sorted(path.name for path in (data / 'images/train').iterdir())

    @cached_property
    def poses(self) -> dict[str, list[FramePoses]]:
        """The teacher's poses, by video; made once, by the program that makes them of any film."""
        boxes = self.data / 'annotations/posetrack18_train_human_detections.json'
        inferencer: VideoPoseInferencer | None = None
        for name in self.names:
            if not (self.folder / name / 'poses.json').exists():
                cfg, checkpoint = self._teacher
                inferencer = inferencer or VideoPoseInferencer(cfg, checkpoint, 'cpu', boxes)
                make_poses(inferencer, str(self.data / 'images/train' / name), self.folder / name)
        return {name: read_film_poses(self.folder / name) for name in self.names}

    @cached_property
    def _meta(self) -> dict[str, Any]:
        return dataset_meta(self._teacher[0].test_dataloader.dataset)

    @property
    def sigmas(self) -> list[float]:
        """Of the joints."""
        return [float(sigma) for sigma in self._meta['sigmas']]

    @property
    def joints(self) -> list[str]:
        """Their names, as the teacher has them."""
        names = self._meta['keypoint_id2name']
        return [str(names[k]) for k in range(len(names))]

    def labels(self, agree: bool, count: int) -> Path:
        """The annotation file of the teacher's poses, with some true labels of each video."""
        file = self.folder / f'labels_{"agreed" if agree else "teacher"}_{count}.json'
        if not file.exists():
            truth = read_true_labels(self._few(count), self.joints, self.names) if count else {}
            full = full_score(self.poses.values())
            made = {
                name: film_labels(self.poses[name], self.sigmas, full, truth.get(name), agree)
                for name in self.names
            }
            write_json(file, self._document(made))
        return file

    def _document(self, made: dict[str, FilmLabels]) -> dict[str, Any]:
        chosen = {n: [i for i, rows in one.frames.items() if rows] for n, one in made.items()}
        files = {n: {i: _NAME.format(n, i) for i in indices} for n, indices in chosen.items()}
        # Sizes let the data set clip boxes, as it clips true ones and as the command has it.
        sizes = {n: self.poses[n][0].size for n in self.names}
        return labels_document(made, chosen, self.joints, files, sizes)

    def _few(self, count: int) -> Path:
        """True labels of so many frames of each video, evenly over it: what a user would label."""
        file = self.folder / f'true_{count}.json'
        document = json.loads(self.truth.read_text(encoding='utf-8'))
        images: dict[str, list[dict[str, Any]]] = {}
        for image in document['images']:
            images.setdefault(Path(image['file_name']).parent.name, []).append(image)
        kept = []
        for some in images.values():
            places = (np.arange(count) + 0.5) / count * len(some)
            kept += [some[int(place)] for place in places]
        ids = {image['id'] for image in kept}
        persons = [p for p in document['annotations'] if p['image_id'] in ids]
        write_json(file, {**document, 'images': kept, 'annotations': persons})
        return file
