"""Person detectors: boxes left, top, width, height in image pixels; scores between 0 and 1."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.host.mmcv_extension import MissingOperationError

if TYPE_CHECKING:
    import torch

__all__ = ['Detector', 'HogDetector', 'MMDetDetector']


class Detector(Protocol):
    """Finds people in an image (H, W, 3) in BGR: boxes xywh and scores; it has a name."""

    name: str

    def __call__(self, image: np.ndarray, /) -> list[tuple[list[float], float]]:
        """People in an image."""


class HogDetector:
    """OpenCV's people detector: needs no weights, and is far below the field's detectors.

    A score is 1 / (1 + exp(-m)) of the support vector machine's margin m >= 0, hence 0.5 to 1.
    Large pictures are made smaller: people in them are, too, and the time grows with the area.
    """

    name = 'opencv-hog-people'
    longest_side = 1280

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        """Boxes xywh and scores of an image (H, W, 3) in BGR; none where its window is larger."""
        hog = cv2.HOGDescriptor()  # anew: it takes microseconds, and cannot be pickled
        hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
        width, height = hog.winSize
        if image.shape[0] < height or image.shape[1] < width:  # OpenCV crashes on these
            return []
        scale = min(1.0, self.longest_side / max(image.shape[:2]))
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes, margins = hog.detectMultiScale(image, winStride=(8, 8), padding=(8, 8))
        scores = [1 / (1 + math.exp(-float(margin))) for margin in np.ravel(margins)]
        return [([float(v) / scale for v in box], s) for box, s in zip(boxes, scores, strict=True)]


class MMDetDetector:
    """A detector of mmdet.

    Args:
        config: Config file of the detector.
        checkpoint: Weights, a path or an address.
        device: See :func:`jmpose_mm.engine.devices.choose_device`.

    Raises:
        UsageError: mmdet is not installed, or the detector knows no class ``person``.
    """

    def __init__(
        self, config: str, checkpoint: str, device: str | torch.device | None = 'auto'
    ) -> None:
        try:
            from mmdet.apis import inference_detector, init_detector
        except ImportError as error:
            raise UsageError(
                f'detector: {Path(config).name} needs mmdet, which cannot be imported ({error}): '
                '`mim install mmdet`, or take torchvision, or hog, which is poor'
            ) from error
        from mmengine.registry import DefaultScope

        from jmpose_mm.engine.devices import choose_device

        # mmdet makes its scope the default, where the next pose model would not be found
        self.in_scope = partial(DefaultScope.overwrite_default_scope, 'mmdet')
        chosen = choose_device(device, 'detection')
        try:
            with self.in_scope():
                self.model = init_detector(_mmdet_config(config), checkpoint, device=chosen)
        except UsageError:
            raise
        except Exception as error:
            first = str(error).strip().partition('\n')[0]
            if '://' not in checkpoint and not Path(checkpoint).is_file():
                first = f'{checkpoint} is no file'
            raise UsageError(
                f'{config}, {checkpoint}: mmdet cannot make a detector of them '
                f'({type(error).__name__}: {first})'
            ) from error
        self.infer = inference_detector
        classes = list(self.model.dataset_meta.get('classes', ()))
        if 'person' not in classes:
            raise UsageError(f'{config}: expected a detector with the class person, got {classes}')
        self.person = classes.index('person')
        self.name = f'{Path(config).stem} ({Path(checkpoint).name})'

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        """Boxes xywh and scores of an image (H, W, 3) in BGR."""
        try:
            with self.in_scope():
                found = self.infer(self.model, image).pred_instances.cpu().numpy()
        except MissingOperationError as error:
            raise UsageError(f'{self.name}: {error}') from error
        persons = found.labels == self.person
        return [
            ([float(v) for v in (x1, y1, x2 - x1, y2 - y1)], float(score))
            for (x1, y1, x2, y2), score in zip(
                found.bboxes[persons], found.scores[persons], strict=True
            )
        ]


def _mmdet_config(name: str) -> str:
    """The path of a config: ``name`` where it exists, else mmdet's config of that file name."""
    import mmdet

    package = getattr(mmdet, '__file__', None)
    if Path(name).is_file() or package is None:
        return name
    configs = Path(package).parent / '.mim' / 'configs'
    found = sorted(configs.rglob(Path(name).with_suffix('.py').name))
    return str(found[0]) if len(found) == 1 else name
