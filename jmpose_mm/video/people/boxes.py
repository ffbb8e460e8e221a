"""Where the person boxes of a video come from. Boxes are xyxy in pixels of the frame."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jmpose_mm.datasets.body.detection_files import read_detections
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.crop import is_usable_box, xywh_to_xyxy
from jmpose_mm.functional.tracks.tracking import nms
from jmpose_mm.video.people.detectors import HogDetector, MMDetDetector
from jmpose_mm.video.records import Frame

if TYPE_CHECKING:
    import torch

__all__ = ['BoxFile', 'BoxSource', 'FoundBoxes', 'WholeFrame', 'box_source']


class FoundBoxes(NamedTuple):
    """Boxes of a frame.

    Attributes:
        boxes: ``(N, 4)`` xyxy.
        scores: ``(N,)``.
        ids: ``(N,)`` identities from a file that has them, else None.
    """

    boxes: np.ndarray
    scores: np.ndarray
    ids: np.ndarray | None = None


BoxSource = Callable[[Frame], FoundBoxes]
_SAME_PERSON = 0.7  # intersection over union


class Detector:
    """A detector of images as a source of boxes.

    Args:
        detector: ``HogDetector`` or ``MMDetDetector``.
        score_threshold: Boxes below it are left out.
    """

    def __init__(self, detector: HogDetector | MMDetDetector, score_threshold: float) -> None:
        self.detector, self.score_threshold = detector, score_threshold
        self.name = detector.name

    def __call__(self, frame: Frame) -> FoundBoxes:
        """Persons in the frame."""
        return _found(self.detector(frame.image), self.score_threshold)


class WholeFrame:
    """One person who fills the frame."""

    name = 'whole frame'

    def __call__(self, frame: Frame) -> FoundBoxes:
        """The frame's outline."""
        height, width = frame.image.shape[:2]
        return FoundBoxes(np.array([[0.0, 0.0, width - 1.0, height - 1.0]]), np.ones(1))


class BoxFile:
    """Boxes of a file: PoseTrack or COCO JSON (see `detection_files`), or MOTChallenge text.

    A frame with a file name is found by that name; a frame of a video file by the number in an
    entry's name, its ``image_id``, or its frame in MOTChallenge text less 1. Of several videos in a
    file, that one counts whose folder is called like the frame's.

    Args:
        path: The file.
        score_threshold: Boxes below it are left out.

    Raises:
        ValueError: The file is none of these; the message names the entry.
    """

    def __init__(self, path: str | Path, score_threshold: float = 0.0) -> None:
        path = Path(path)
        self.name, self.score_threshold = path.name, score_threshold
        # By video, which is the folder of its frames, then by file name and by number.
        self.videos: dict[str, dict[str | int, list]] = defaultdict(lambda: defaultdict(list))
        self.has_ids = path.suffix.lower() in ('.txt', '.csv')
        if self.has_ids:
            self._read_mot(path)
        else:
            self._read_json(path)

    def _read_json(self, path: Path) -> None:
        for entry in read_detections(path, by_name=None, default_score=1.0).boxes:
            image, found = entry['image'], (entry['box'], entry['score'], 0)
            if isinstance(image, int):
                self.videos[''][image].append(found)
                continue
            video = self.videos[str(PurePath(image).parent)]
            video[PurePath(image).name].append(found)
            if digits := re.search(r'\d+$', PurePath(image).stem):
                video[int(digits.group())].append(found)

    def _read_mot(self, path: Path) -> None:
        """Frame from 1, identity, left, top, width, height and optionally a confidence."""
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), start=1):
            if not line.strip():
                continue
            try:
                values = [float(value) for value in line.split(',')]
                left, top, width, height = values[2:6]
                frame, person = int(values[0]), int(values[1])
                score = values[6] if len(values) > 6 else 1.0
            except ValueError:
                raise ValueError(
                    f'{path}, line {number}: expected frame,id,left,top,width,height[,confidence] '
                    f'as in MOTChallenge, got {line!r}'
                ) from None
            # Ground-truth files mark what is to be ignored by a confidence of 0.
            box = np.array([left, top, left + width, top + height])
            self.videos[''][frame - 1].append((box, score, person))

    def __call__(self, frame: Frame) -> FoundBoxes:
        """Boxes of the frame."""
        video = self._video_of(frame) if self.videos else ''
        # Without a folder, not even '.', there are numbers alone.
        key = PurePath(frame.name).name if frame.name and video else frame.index
        entries = self.videos.get(video, {}).get(key, [])
        kept = [e for e in entries if e[1] >= self.score_threshold and is_usable_box(e[0])]
        ids = np.array([e[2] for e in kept], dtype=int)
        # Detections in MOTChallenge form have the identity -1.
        known = self.has_ids and (len(ids) == 0 or bool((ids > 0).all()))
        return FoundBoxes(
            np.array([e[0] for e in kept], dtype=float).reshape(-1, 4),
            np.array([e[1] for e in kept], dtype=float),
            ids if known else None,
        )

    def _video_of(self, frame: Frame) -> str:
        """The folder in the file that ends most like the frame's."""
        if len(self.videos) == 1:
            return next(iter(self.videos))
        folder = str(PurePath(frame.name).parent)
        ends = {video: _common_end(video, folder) for video in self.videos}
        best = [video for video, count in ends.items() if 0 < count == max(ends.values())]
        if len(best) != 1:
            raise UsageError(
                f'{self.name}: expected boxes of one video, found those of {len(self.videos)}, and '
                f'{len(best)} of them are called like the folder of frame '
                f'{frame.name or frame.index}; run on a folder of frames that has the name of one: '
                f'{", ".join(sorted(self.videos)[:3])}, ...'
            )
        return best[0]


def _common_end(one: str, other: str) -> int:
    """How many parts two paths have in common at their ends."""
    pairs = zip(reversed(PurePath(one).parts), reversed(PurePath(other).parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def box_source(
    spec: str, score_threshold: float | None = None, device: str | torch.device | None = 'auto'
) -> BoxSource:
    """The source that a command line names.

    Args:
        spec: ``'hog'``, ``'whole'``, ``'mmdet:CONFIG,CHECKPOINT'`` or the path of a box file.
        score_threshold: Boxes below it are left out; by default 0.5 for ``'hog'``, whose scores
            start there, 0.3 for mmdet and 0 for files.
        device: Of mmdet's detector, see :func:`jmpose_mm.engine.devices.choose_device`.

    Raises:
        UsageError: The spec is none of these.
        ValueError: The file is unusable.
    """
    if spec == 'whole':
        return WholeFrame()
    if spec == 'hog':
        return Detector(HogDetector(), 0.5 if score_threshold is None else score_threshold)
    if spec.startswith('mmdet:'):
        config, comma, checkpoint = spec.removeprefix('mmdet:').partition(',')
        if not comma:
            raise UsageError(f'boxes: expected mmdet:CONFIG,CHECKPOINT, got {spec!r}')
        threshold = 0.3 if score_threshold is None else score_threshold
        return Detector(MMDetDetector(config, checkpoint, device), threshold)
    if not Path(spec).is_file():
        raise UsageError(
            f"boxes: expected 'hog', 'whole', 'mmdet:CONFIG,CHECKPOINT' or a file, got {spec!r}"
        )
    return BoxFile(spec, score_threshold or 0.0)


def _found(detections: list[tuple[list[float], float]], threshold: float) -> FoundBoxes:
    kept = [(box, score) for box, score in detections if score >= threshold]
    boxes = np.array([box for box, _ in kept], dtype=float).reshape(-1, 4)
    scores = np.array([score for _, score in kept], dtype=float)
    # OpenCV's detector finds a person several times.
    distinct = nms(xywh_to_xyxy(boxes), scores, _SAME_PERSON)
    return FoundBoxes(xywh_to_xyxy(boxes)[distinct], scores[distinct])
