"""Content of annotation and prediction files, whatever their layout.

Axes: N persons, K joints. Coordinates are the file's image pixels, boxes xyxy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import (
    ImageIndex,
    common_end,
    frame_key,
    frame_keys,
    video_key,
)
from jmpose_mm.formats.json_files import place_in
from jmpose_mm.formats.persons import Image, Persons
from jmpose_mm.functional.evaluation.polygons import Polygons
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    head_size,
)

__all__ = ['AnnotationTables']


@dataclass
class AnnotationTables:
    """Frames in file order and everybody in them.

    Attributes:
        joint_names: (K,) the joints, in the order of the columns.
        images: The frames.
        persons: Everybody.
        region_images: Index of each ignored region's frame.
        regions: (V, 2) corners of each ignored region in pixels.
        infos: Statement of each file about itself, as data; None where it says nothing.
        odd: Losses and mended entries, counted in words.
        lost: Losses, counted likewise, where a user would not expect it.
        unlabelled: Files without annotations, as those of a test split.
        file_joints: Names of the joints of each file in COCO's layout that gives them.
    """

    joint_names: tuple[str, ...]
    images: list[Image] = field(default_factory=list)
    persons: Persons = field(default=Persons.nobody(0))
    region_images: list[int] = field(default_factory=list)
    regions: list[NDArray[Any]] = field(default_factory=list)
    infos: list[Any] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    unlabelled: list[Path] = field(default_factory=list)
    file_joints: list[tuple[str, ...]] = field(default_factory=list)

    @classmethod
    def joined(cls, parts: Sequence[AnnotationTables]) -> AnnotationTables:
        """All files of several parts, with the same joints, in their order."""
        whole = cls(parts[0].joint_names)
        blocks = []
        for part in parts:
            # Indices of frames go on where those of the part before end.
            first = len(whole.images)
            whole.images += part.images
            blocks.append(part.persons._replace(image=part.persons.image + first))
            whole.region_images += [first + image for image in part.region_images]
            whole.regions += part.regions
            whole.infos += part.infos
            whole.unlabelled += part.unlabelled
            whole.file_joints += part.file_joints
            whole.odd.update(part.odd)
            whole.lost.update(part.lost)
        whole.persons = Persons.joined(blocks, len(whole.joint_names))
        return whole

    def add_region(self, image: int, ring: list[tuple[float, float]]) -> None:
        """Append an ignored region of a frame, the corners of a polygon.

        Raises:
            ValueError: It has one or two corners; without any it is empty.
        """
        if len(ring) in (1, 2):
            raise ValueError(f'ignored region: expected at least 3 corners, got {ring}')
        self.region_images.append(image)
        self.regions.append(np.asarray(ring, dtype=np.float64).reshape(-1, 2))

    def truth(self) -> TruePersons:
        """The persons as ground truth.

        Raises:
            UsageError: A coordinate is not finite.
        """
        self._check_finite()
        return TruePersons(
            self.persons.image,
            self.persons.keypoints[..., :2],
            self.persons.present,
            head_size(self.persons.head_boxes),
        )

    def predictions(self) -> PredictedPersons:
        """The persons as predictions; joints without a score rank last, as officially.

        Raises:
            UsageError: A coordinate or a score is not finite.
        """
        self._check_finite(scores=True)
        return PredictedPersons(
            self.persons.image,
            self.persons.keypoints[..., :2],
            self.persons.present,
            self.persons.scores,
        )

    def frame_keys(self) -> list[tuple[str, int]]:
        """(video, frame number) of each image, see :func:`frame_keys`.

        Raises:
            UsageError: A name holds no number, with its file; or two name one frame.
        """
        for image in self.images:
            with place_in(image.source):
                frame_key(image.name)
        return frame_keys([image.name for image in self.images])

    def ignored(self) -> Polygons:
        """The ignored regions."""
        return Polygons.from_lists(self.region_images, self.regions)

    @property
    def image_ids(self) -> list[int | str] | None:
        """Ids of the frames; None where the files have none, or count anew in each file."""
        ids = [image.image_id for image in self.images if image.image_id is not None]
        return ids if len(set(ids)) == len(self.images) else None

    def index(self) -> ImageIndex:
        """Finds frames by name."""
        return ImageIndex(image.name for image in self.images)

    def without_crowds(self) -> AnnotationTables:
        """The same without crowds, which are no persons: neither samples nor truth."""
        crowd = self.persons.crowd
        odd = self.odd + Counter({'persons crowd': int(crowd.sum())})
        return AnnotationTables(**{**vars(self), 'persons': self.persons.take(~crowd), 'odd': odd})

    def of_videos(self, videos: frozenset[str]) -> AnnotationTables:
        """The frames of some videos and everybody in them.

        Args:
            videos: Keys of their folders as `video_key` makes them, or the files' ``vid_id``. With
                folders before a key, of several such videos those whose folders agree furthest.

        Raises:
            UsageError: One of them has no frame.
        """
        frames = self._frames_by_video(videos)
        unknown = {video for video, found in frames.items() if not found}
        if unknown:
            raise UsageError(
                f'videos: expected videos that are annotated, got unknown {sorted(unknown)}'
            )
        kept = np.zeros(len(self.images), dtype=bool)
        kept[[frame for found in frames.values() for frame in found]] = True
        # The new place of each frame that stays; those of the others are never read.
        places = np.cumsum(kept) - 1
        persons = self.persons.take(kept[self.persons.image])
        regions = [(i, r) for i, r in zip(self.region_images, self.regions, strict=True) if kept[i]]
        return AnnotationTables(
            **{
                **vars(self),
                'images': [i for i, there in zip(self.images, kept, strict=True) if there],
                'persons': persons._replace(image=places[persons.image]),
                'region_images': [int(places[image]) for image, _ in regions],
                'regions': [ring for _, ring in regions],
            }
        )

    def _frames_by_video(self, videos: Iterable[str]) -> dict[str, list[int]]:
        """Indices of the frames of each video."""
        of_key: dict[str, list[int]] = {}
        for index, image in enumerate(self.images):
            for key in image.videos:
                of_key.setdefault(key, []).append(index)
        frames = {}
        for video in videos:
            found = of_key.get(video) or of_key.get(video_key(video), [])
            ends = [common_end(self.images[index].name, f'{video}/_') for index in found]
            is_path = '/' in video and video not in of_key
            frames[video] = [
                index
                for index, end in zip(found, ends, strict=True)
                if not is_path or end == max(ends)
            ]
        return frames

    def check_head_boxes(self, truth: TruePersons) -> None:
        """Raise ``UsageError`` for persons with joints but no head box: every distance is measured
        in head sizes.
        """
        bad = np.flatnonzero(np.isnan(truth.head_size) & truth.present.any(axis=1))
        if len(bad):
            raise UsageError(
                f'{self._where(truth.frame[bad[0]])}: expected a head box (bbox_head, head_box or '
                f'x1, y1, x2, y2) for every annotated person, got none for {len(bad)} persons'
            )

    def _check_finite(self, scores: bool = False) -> None:
        columns = [self.persons.keypoints[..., 0], self.persons.keypoints[..., 1]]
        if scores:
            columns.append(self.persons.scores)
        present = self.persons.present
        # Not strict: ground truth has two columns.
        for key, values in zip(('x', 'y', 'score'), columns, strict=False):
            bad = np.argwhere(present & ~np.isfinite(values))
            if len(bad):
                person, joint = bad[0]
                raise UsageError(
                    f'{self._where(self.persons.image[person])}: {key} of '
                    f'{self.joint_names[joint]}: expected a finite number, got '
                    f'{values[person, joint]}'
                )

    def _where(self, image: int) -> str:
        return f'{self.images[image].source}: {self.images[image].name}'
