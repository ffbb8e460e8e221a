"""Clips from the data pipeline to the network's input.

Axes: B clips, T frames in time order, H W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from jmpose_mm.registry import MODELS
from jmpose_mm.structures import SharedCrops

__all__ = ['ClipDataPreprocessor']


@MODELS.register_module()
class ClipDataPreprocessor(BaseDataPreprocessor):
    """Stack, reorder colours and normalise; mmpose's own would reorder frames instead of colours.

    Args:
        mean: Mean of each colour in 0..255, in the order that the network sees.
        std: Standard deviation of each colour in 0..255, in the same order.
        bgr_to_rgb: The pipeline loads BGR and the network wants RGB.

    Example:
        >>> clip = torch.zeros(5, 3, 64, 48, dtype=torch.uint8)
        >>> ClipDataPreprocessor()({'inputs': [clip]})['inputs'].shape
        torch.Size([1, 5, 3, 64, 48])
    """

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        bgr_to_rgb: bool = True,
    ) -> None:
        super().__init__()
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(
                f'mean and std: expected three numbers each, std above 0, got {mean} and {std}'
            )
        self.bgr_to_rgb = bgr_to_rgb
        # Not part of checkpoints: the config says what they are.
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare a batch.

        Args:
            data: ``inputs``, a list or an array of B clips ``(T, 3, H, W)`` or images
                ``(3, H, W)``, or one tensor of them, or :class:`SharedCrops`, 0..255; and
                ``data_samples``.
            training: Not used: there is nothing random here.

        Returns:
            ``inputs`` ``(B, T, 3, H, W)``, or :class:`SharedCrops`, float32 on the model's device,
            and ``data_samples``.

        Raises:
            ValueError: The clips differ in shape or are none.
        """
        if 'inputs' not in data:
            raise ValueError(
                f'data: expected inputs, which PackPoseInputs brings, got {sorted(data)}'
            )
        inputs = data['inputs']
        if not isinstance(inputs, (Tensor, SharedCrops)):
            inputs = [torch.as_tensor(clip) for clip in inputs]
        data = self.cast_data({**data, 'inputs': inputs})
        inputs = data['inputs']
        if isinstance(inputs, SharedCrops):
            inputs = inputs._replace(images=self._normalised(inputs.images))
        else:
            inputs = self._normalised(_stack(inputs))
        return {'inputs': inputs, 'data_samples': data.get('data_samples')}

    def _normalised(self, images: Tensor) -> Tensor:
        """Images ``(..., 3, H, W)`` in the order and range that the network sees."""
        images = images.float()
        if self.bgr_to_rgb:
            images = images.flip(-3)
        return (images - self.mean) / self.std


def _stack(inputs: Tensor | Sequence[Tensor]) -> Tensor:
    """Clips or images as ``(B, T, 3, H, W)``."""
    if not isinstance(inputs, Tensor):
        shapes = sorted({tuple(clip.shape) for clip in inputs})
        if len(shapes) != 1:
            raise ValueError(f'inputs: expected clips of one shape, got {shapes}')
        inputs = torch.stack(list(inputs))
    if inputs.dim() == 4:
        inputs = inputs.unsqueeze(1)
    if inputs.dim() != 5 or inputs.shape[2] != 3:
        raise ValueError(
            f'inputs: expected (B, T, 3, H, W) or (B, 3, H, W), got {tuple(inputs.shape)}'
        )
    return inputs
