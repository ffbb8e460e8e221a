"""One step of deformable alignment: where to look and how much to trust, then look there.

Axes: B samples, C channels, G deformable groups, N taps, H W grid.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch
from torch import Tensor, nn

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.deformable import modulated_deform_conv2d

__all__ = ['ModulatedAlignment', 'deform_operator']


def _torchvision_operator(
    features: Tensor,
    offset: Tensor,
    modulation: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    *window: int,
) -> Tensor:
    from torchvision.ops import deform_conv2d

    return deform_conv2d(features, offset, weight, bias, *window, mask=modulation)


def _mmcv_operator(
    features: Tensor,
    offset: Tensor,
    modulation: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    *window: int,
) -> Tensor:
    operator = importlib.import_module('mmcv.ops').modulated_deform_conv2d
    # mmcv's operator knows no other form than the modulated one.
    if modulation is None:
        modulation = torch.ones_like(offset[:, ::2])
    groups = modulation.shape[1] // (weight.shape[-1] * weight.shape[-2])
    return operator(features, offset, modulation, weight, bias, *window, 1, groups)


_OPERATORS: dict[str, Callable[..., Tensor]] = {
    'native': modulated_deform_conv2d,
    'torchvision': _torchvision_operator,
    'mmcv': _mmcv_operator,
}


def deform_operator(name: str) -> Callable[..., Tensor]:
    """The modulated deformable convolution called ``name``; all have one signature and layout.

    Args:
        name: ``'native'`` (plain PyTorch, any device, exports to ONNX), ``'torchvision'`` or
            ``'mmcv'`` (needs mmcv with compiled operators).
    """
    check_choice('operator', name, _OPERATORS)
    return _OPERATORS[name]


class ModulatedAlignment(nn.Module):
    """Predict offsets and modulation from a guide, then sample a map with them.

    Args:
        guide_channels: Channels of the map that offsets and modulation are predicted from.
        channels: Channels of the sampled map and of the output.
        deform_groups: G; each group of channels has its own offsets. By default a group is 4
            channels, as in the released networks.
        predictor_dilation: Dilation of the two 3x3 predictors.
        dilation: Dilation of the 3x3 sampling kernel.
        modulation: ``'sigmoid'`` bounds the modulation to (0, 1); ``'raw'`` uses it as predicted,
            as the released networks do; ``'none'`` is the first version of deformable convolution,
            which has neither modulation nor a bias.
        operator: See :func:`deform_operator`.
        predictor_bias: True if the predictors have a bias.

    Attributes:
        predictor_dtype: Half a mantissa is enough to predict positions, not to interpolate maps
            between them: a type that the predictors alone compute in, or None for the input's.
    """

    predictor_dtype: torch.dtype | None = None

    def __init__(
        self,
        guide_channels: int,
        channels: int,
        deform_groups: int | None = None,
        predictor_dilation: int = 3,
        dilation: int = 3,
        modulation: str = 'sigmoid',
        operator: str = 'native',
        predictor_bias: bool = True,
    ) -> None:
        super().__init__()
        check_choice('modulation', modulation, ('sigmoid', 'raw', 'none'))
        if deform_groups is None:
            deform_groups = max(channels // 4, 1)
        if channels % deform_groups:
            raise ValueError(
                f'deform_groups: expected a divisor of channels={channels}, got {deform_groups}'
            )
        taps = 9

        def predictor(maps: int) -> nn.Conv2d:
            padding = dilation = predictor_dilation
            return nn.Conv2d(
                guide_channels, maps, 3, 1, padding, dilation=dilation, bias=predictor_bias
            )

        self.offset = predictor(2 * taps * deform_groups)
        self.modulation = predictor(taps * deform_groups) if modulation != 'none' else None
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels)) if modulation != 'none' else None
        self.bounded = modulation == 'sigmoid'
        self.dilation = dilation
        self.operator = deform_operator(operator)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start on the regular grid: no offset, equal modulation."""
        nn.init.kaiming_uniform_(self.weight, nonlinearity='linear')
        for predictor in filter(None, (self.offset, self.modulation)):
            nn.init.normal_(predictor.weight, std=0.001)
            if predictor.bias is not None:
                nn.init.zeros_(predictor.bias)

    def predict(self, guide: Tensor) -> tuple[Tensor, Tensor | None]:
        """Offsets ``(B, 2GN, H, W)`` in pixels and modulation ``(B, GN, H, W)``, or None."""
        if self.predictor_dtype is None:
            return self._predict(guide)
        with torch.autocast(guide.device.type, self.predictor_dtype):
            return self._predict(guide)

    def _predict(self, guide: Tensor) -> tuple[Tensor, Tensor | None]:
        offset = self.offset(guide)
        if self.modulation is None:
            return offset, None
        modulation = self.modulation(guide)
        return offset, modulation.sigmoid() if self.bounded else modulation

    def forward(self, features: Tensor, guide: Tensor, index: Tensor | None = None) -> Tensor:
        """Sample maps as a guide says.

        Args:
            features: ``(B, C, H, W)``.
            guide: ``(B, C_guide, H, W)``.
            index: ``(B,)``, which of the guides is whose, where there is not one for each.

        Returns:
            ``(B, C, H, W)``.
        """
        dtype = self.weight.dtype
        predicted = [p if p is None or index is None else p[index] for p in self.predict(guide)]
        sides = [s if s is None else s.to(dtype) for s in (features, *predicted)]
        with torch.autocast(features.device.type, enabled=False):
            return self.operator(*sides, self.weight, self.bias, 1, self.dilation, self.dilation)
