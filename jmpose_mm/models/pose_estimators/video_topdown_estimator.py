"""The estimator of every method here, and of their single-frame baseline.

Axes: B clips, T frames in time order, C channels, K keypoints, H W input pixels, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor, nn

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.models.layers.norm_folding import DTYPES, fast_copy
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures, FusedFeatures

__all__ = ['VideoTopdownEstimator']


@MODELS.register_module()
class VideoTopdownEstimator(TopdownPoseEstimator):
    """mmpose's top-down estimator, differing in how features are made: of a clip, not of an image.

    A single-frame checkpoint (no neck in it) loads into a model with a neck: its heatmap layer,
    ``head.final_layer``, becomes the neck's ``heatmap_layer``, which makes the initial heatmaps.

    Args:
        frozen: Names of sub-modules that are not trained, e.g. ``('backbone',
            'neck.heatmap_layer')``. They get no gradient, and a frozen backbone stores no
            activations.
        frozen_norm: ``'eval'`` keeps the normalisation statistics of frozen parts; ``'train'``
            uses and updates batch statistics, as the released recipes do unintentionally.
        frozen_backbone_dtype: Training runs a fast copy of a backbone that is frozen with its
            statistics, in ``'float32'``, ``'bfloat16'`` or ``'float16'``. Checkpoints and
            evaluation do not know of it. On processors with AMX, oneDNN 3.11 gives NaN in
            bfloat16 for crops that are 32 wide.
        **kwargs: The parent's.
    """

    def __init__(
        self,
        *args,
        frozen: Sequence[str] = (),
        frozen_norm: str = 'eval',
        frozen_backbone_dtype: str = 'float32',
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        check_choice('frozen_norm', frozen_norm, ('eval', 'train'))
        check_choice('frozen_backbone_dtype', frozen_backbone_dtype, DTYPES)
        names = dict(self.named_modules())
        for name in frozen:
            if name not in names:
                raise ValueError(
                    f'frozen: expected names of sub-modules such as '
                    f'{[n for n, _ in self.named_children()]}, got {name!r}'
                )
            names[name].requires_grad_(False)
        self.frozen, self.frozen_norm = tuple(frozen), frozen_norm
        self.frozen_backbone_dtype = frozen_backbone_dtype
        # In a list, since a module would be saved in checkpoints.
        self._frozen_copy: list[nn.Module] = []

    def train(self, mode: bool = True) -> VideoTopdownEstimator:
        """Frozen parts stay in evaluation mode unless ``frozen_norm='train'``."""
        super().train(mode)
        self._frozen_copy.clear()
        if self.frozen_norm == 'eval':
            for name in self.frozen:
                self.get_submodule(name).eval()
        return self

    def extract_feat(self, inputs: Tensor) -> FusedFeatures | tuple[Tensor, ...]:
        """Features of the key frame.

        Args:
            inputs: Preprocessed clips, ``(B, T, 3, H, W)``; images ``(B, 3, H, W)`` are clips of
                one frame.

        Returns:
            The neck's :class:`FusedFeatures`; without a neck, the backbone's maps of the one frame.
        """
        frames = inputs if inputs.dim() == 5 else inputs.unsqueeze(1)
        num_frames = frames.shape[1]
        if not self.with_neck and num_frames != 1:
            raise ValueError(
                f'frames of a clip: expected 1 for a model without a neck, got {num_frames}'
            )
        images = frames.flatten(0, 1)
        if images.device.type == 'cpu':
            # Convolutions on a processor are a fifth faster in this layout.
            images = images.contiguous(memory_format=torch.channels_last)
        stages = self._stages(images)
        if not self.with_neck:
            return stages
        stages = tuple(stage.unflatten(0, (-1, num_frames)) for stage in stages)
        return self.neck(ClipFeatures(frames, stages))

    def _stages(self, images: Tensor) -> Sequence[Tensor]:
        if 'backbone' not in self.frozen:
            return self.backbone(images)
        with torch.no_grad():
            if not self.training or self.backbone.training:
                return self.backbone(images)
            if not self._frozen_copy:
                self._frozen_copy.append(fast_copy(self.backbone, self.frozen_backbone_dtype))
            stages = self._frozen_copy[0](images.to(DTYPES[self.frozen_backbone_dtype]))
        return tuple(stage.to(images.dtype) for stage in stages)

    def _apply(self, *args, **kwargs) -> VideoTopdownEstimator:
        self._frozen_copy.clear()
        return super()._apply(*args, **kwargs)

    def _load_state_dict_pre_hook(self, state_dict, prefix, *args, **kwargs) -> None:
        """Besides the parent's conversions, let single-frame checkpoints in."""
        super()._load_state_dict_pre_hook(state_dict, prefix, *args, **kwargs)
        self._frozen_copy.clear()
        moves = []
        if hasattr(self.backbone, 'deconv_layers'):
            moves.append(('head.deconv_layers.', 'backbone.deconv_layers.'))
        if self.with_neck and not any(key.startswith(f'{prefix}neck.') for key in state_dict):
            moves.append(('head.final_layer.', 'neck.heatmap_layer.'))
        for source, target in moves:
            for key in [k for k in state_dict if k.startswith(prefix + source)]:
                state_dict[prefix + target + key[len(prefix + source) :]] = state_dict.pop(key)
