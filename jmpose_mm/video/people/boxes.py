"""Sources of person boxes by name. Boxes are xyxy in pixels of the frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.crop import xywh_to_xyxy
from jmpose_mm.functional.tracks.tracking import nms
from jmpose_mm.video.people.box_files import BoxFile
from jmpose_mm.video.people.detectors import Detector
from jmpose_mm.video.people.found_boxes import BoxSource, FoundBoxes
from jmpose_mm.video.people.named_detectors import named_detector
from jmpose_mm.video.records import Frame

if TYPE_CHECKING:
    import torch

__all__ = ['BoxSource', 'FoundBoxes', 'WholeFrame', 'box_source']

_LEAST_HOG_SCORE, _LEAST_SCORE = 0.5, 0.3
_SAME_PERSON = 0.7  # intersection over union


class DetectedBoxes:
    """A detector of images as a source of boxes.

    Args:
        detector: Finds boxes left, top, width, height in an image.
        score_threshold: Boxes below it are left out.
    """

    def __init__(self, detector: Detector, score_threshold: float) -> None:
        self.detector, self.score_threshold = detector, score_threshold
        self.name = getattr(detector, 'name', type(detector).__name__)

    def __call__(self, frame: Frame) -> FoundBoxes:
        """Persons in the frame."""
        detections = self.detector(frame.image)
        kept = [(box, score) for box, score in detections if score >= self.score_threshold]
        boxes = xywh_to_xyxy(np.array([box for box, _ in kept], dtype=float).reshape(-1, 4))
        scores = np.array([score for _, score in kept], dtype=float)
        # OpenCV's detector finds a person several times.
        distinct = nms(boxes, scores, _SAME_PERSON)
        return FoundBoxes(boxes[distinct], scores[distinct])


class WholeFrame:
    """One person who fills the frame."""

    name, is_repeatable = 'whole frame', True

    def __call__(self, frame: Frame) -> FoundBoxes:
        """The frame's outline."""
        height, width = frame.image.shape[:2]
        return FoundBoxes(np.array([[0.0, 0.0, width - 1.0, height - 1.0]]), np.ones(1))


def box_source(
    spec: str | Path,
    score_threshold: float | None = None,
    device: str | torch.device | None = 'auto',
    folder: str | Path | None = None,
) -> BoxSource:
    """The source that a command line names.

    Args:
        spec: The path of a box file, ``'whole'``, or a name of :func:`named_detector`.
        score_threshold: Boxes below it are left out; by default 0.5 for ``'hog'``, whose scores
            start there, 0.3 for other detectors and 0 for files.
        device: Device of a detector, see :func:`jmpose_mm.engine.devices.choose_device`.
        folder: Folder of downloaded weights; None for torch's folder of checkpoints.

    Raises:
        UsageError: The spec is none of these.
        ValueError: The file is unusable.
    """
    name = str(spec)
    if name == 'whole':
        return WholeFrame()
    if Path(name).is_file():
        return BoxFile(name, score_threshold or 0.0)
    if Path(name).is_dir():
        raise UsageError(f'boxes: expected a file of boxes, got the folder {name}')
    # A colon separates kind and model of a detector, as in torchvision:MODEL.
    if Path(name).suffix and ':' not in name:
        raise UsageError(f'boxes: expected a file of boxes or the name of a detector, got {name!r}')
    least = _LEAST_HOG_SCORE if name == 'hog' else _LEAST_SCORE
    least = least if score_threshold is None else score_threshold
    return DetectedBoxes(named_detector(name, device, folder), least)
