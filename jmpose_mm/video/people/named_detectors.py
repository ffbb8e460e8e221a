"""Person detectors by name, with weights that are downloaded once.

Real detectors are those of mmdet and torchvision. OpenCV's needs no weights, and misses and invents
too many people to be taken unasked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jmpose_mm.engine.checkpoints import checkpoint_fits, find_checkpoint
from jmpose_mm.errors import UsageError
from jmpose_mm.video.people.detectors import Detector, HogDetector, MMDetDetector

if TYPE_CHECKING:
    import torch

__all__ = ['DETECTORS', 'TorchvisionDetector', 'detector_addresses', 'named_detector']

_WEIGHTS = 'https://download.openmmlab.com/mmpose/v1/projects'
_CONFIGS = 'demo/mmdetection_cfg'  # of mmpose, in its wheel and in its repository


class PublishedDetector(NamedTuple):
    """A detector of persons that mmpose publishes, by its config and the address of its weights."""

    config: str
    weights: str


DETECTORS = {
    'rtmdet-m': PublishedDetector(
        'rtmdet_m_640-8xb32_coco-person.py',
        f'{_WEIGHTS}/rtmposev1/rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.pth',
    ),
    'rtmdet-nano': PublishedDetector(
        'rtmdet_nano_320-8xb32_coco-person.py',
        f'{_WEIGHTS}/rtmpose/rtmdet_nano_8xb32-100e_coco-obj365-person-05d8511e.pth',
    ),
}
_TORCHVISION = 'fasterrcnn_mobilenet_v3_large_fpn'
_PERSON = 1  # in torchvision's detectors, where 0 is the background


def named_detector(
    name: str, device: str | torch.device | None = 'auto', folder: str | Path | None = None
) -> Detector:
    """A detector by its name.

    Args:
        name: ``'auto'`` (RTMDet-m on a GPU, else RTMDet-nano), a key of :data:`DETECTORS`,
            ``'torchvision'`` or ``'torchvision:MODEL'``, ``'mmdet:CONFIG,CHECKPOINT'`` or
            ``'hog'``.
        device: See :func:`jmpose_mm.engine.devices.choose_device`.
        folder: Folder of downloaded weights; None for torch's folder of checkpoints.

    Raises:
        UsageError: There is no such detector, or its weights are not there and cannot be had.
    """
    if name == 'hog':
        return HogDetector()
    name = _on_device(name, device)
    kind, _, rest = name.partition(':')
    if name in DETECTORS:
        return MMDetDetector(detector_config(name), _detector_weights(name, folder), device)
    if kind == 'torchvision':
        return TorchvisionDetector(rest or _TORCHVISION, device, folder)
    if kind == 'mmdet':
        config, comma, checkpoint = rest.partition(',')
        if not comma:
            raise UsageError(f'detector: expected mmdet:CONFIG,CHECKPOINT, got {name!r}')
        return MMDetDetector(config, find_checkpoint(checkpoint, folder), device)
    raise UsageError(
        f'detector: expected {", ".join(DETECTORS)}, torchvision[:MODEL], mmdet:CONFIG,CHECKPOINT '
        f'or hog; of films also whole or a file of boxes, got {name!r}'
    )


def detector_addresses(
    name: str | Path, device: str | torch.device | None = 'auto'
) -> tuple[str, ...]:
    """Addresses of the published weights that a detector needs; none of a file or another name.

    Args:
        name: See :func:`named_detector`.
        device: As there.

    Example:
        >>> [address.rpartition('/')[2] for address in detector_addresses('rtmdet-nano')]
        ['rtmdet_nano_8xb32-100e_coco-obj365-person-05d8511e.pth']
        >>> detector_addresses('hog')
        ()
    """
    found = DETECTORS.get(_on_device(str(name), device))
    return () if found is None else (found.weights,)


def _on_device(name: str, device: str | torch.device | None) -> str:
    """The name that ``'auto'`` stands for."""
    if name != 'auto':
        return name
    from jmpose_mm.engine.devices import choose_device

    gpu = choose_device(device, 'detection', tell=False).type == 'cuda'
    return 'rtmdet-m' if gpu else 'rtmdet-nano'


def detector_config(name: str) -> str:
    """The config of a detector that mmpose publishes, in its wheel or its repository."""
    import mmpose

    package = Path(str(mmpose.__file__)).parent
    file = DETECTORS[name].config
    places = [root / _CONFIGS / file for root in (package / '.mim', package.parent)]
    for place in places:
        if place.is_file():
            return str(place)
    raise UsageError(f'detector: {name} needs {places[0]}, which this mmpose does not have')


def _detector_weights(name: str, folder: str | Path | None) -> str:
    """The weights of a detector that mmpose publishes."""
    try:
        return find_checkpoint(DETECTORS[name].weights, folder)
    except UsageError as error:
        raise UsageError(
            f'detector: {name} has no weights here: {error}. Or find people otherwise: --boxes '
            'FILE, --detector whole for one person who fills the picture, --detector hog (poor)'
        ) from None


class TorchvisionDetector:
    """A detector of torchvision, with its own weights of COCO.

    Args:
        model: Name of a model in ``torchvision.models.detection``.
        device: See :func:`jmpose_mm.engine.devices.choose_device`.
        folder: Folder of downloaded weights; None for torch's folder of checkpoints.

    Raises:
        UsageError: There is no such detector, or its weights are not there and cannot be had.
    """

    def __init__(
        self,
        model: str = _TORCHVISION,
        device: str | torch.device | None = 'auto',
        folder: str | Path | None = None,
    ) -> None:
        from torchvision.models import detection, get_model, get_model_weights, list_models

        from jmpose_mm.engine.devices import choose_device
        from jmpose_mm.host.safe_loading import load_data

        names = list_models(detection)
        if model not in names:
            raise UsageError(f'detector: expected torchvision:{" or :".join(names)}, got {model!r}')
        file = find_checkpoint(get_model_weights(model).DEFAULT.url, folder)
        self.device = choose_device(device, 'detection', tell=False)
        built = get_model(model, weights=None, weights_backbone=None)
        with checkpoint_fits(file):
            built.load_state_dict(load_data(file, map_location='cpu'))
        self.model = built.to(self.device).eval()
        self.name = f'torchvision {model} ({Path(file).name})'

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        """Boxes xywh and scores of an image (H, W, 3) in BGR."""
        import torch

        # torchvision takes RGB, frames are BGR; tensors know no negative strides.
        pixels = torch.from_numpy(np.ascontiguousarray(image[..., ::-1]))
        with torch.inference_mode():
            (found,) = self.model([pixels.permute(2, 0, 1).to(self.device).float() / 255])
        persons = found['labels'] == _PERSON
        boxes, scores = found['boxes'][persons].tolist(), found['scores'][persons].tolist()
        return [
            ([left, top, right - left, bottom - top], score)
            for (left, top, right, bottom), score in zip(boxes, scores, strict=True)
        ]
