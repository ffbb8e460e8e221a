"""HRNet with one map a stage.

Axes: B frames, C channels, h w grid at stride 4.
"""

from __future__ import annotations

from mmpose.models.backbones import HRNet
from torch import Tensor

from jmpose_mm.registry import MODELS

__all__ = ['HRNetStages']


@MODELS.register_module()
class HRNetStages(HRNet):
    """mmpose's HRNet, differing in what it returns: the highest resolution of every stage.

    Parameters and their names are the parent's, so its checkpoints load as they are.

    Example:
        >>> issubclass(HRNetStages, HRNet)
        True
    """

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """``(B, 3, 4h, 4w)`` to four maps ``(B, C, h, w)``, early to late.

        The first one is the input of stage 2; the last is what the parent returns.
        """
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.relu(self.norm2(self.conv2(x)))
        branches = [self.layer1(x)]
        outputs = []
        for index in (1, 2, 3):
            transition = getattr(self, f'transition{index}')
            branches = [
                # mmpose has None where a branch goes on; a new one grows out of the coarsest.
                branches[min(i, len(branches) - 1)] if layer is None else layer(branches[-1])
                for i, layer in enumerate(transition)
            ]
            # The first branch, of stride 4, is what the necks read after each stage.
            if index == 1:
                outputs.append(branches[0])
            branches = getattr(self, f'stage{index + 1}')(branches)
            outputs.append(branches[0])
        return tuple(outputs)
