"""The estimator of every method here, and of their single-frame baseline.

Axes: B clips, T frames in time order, C channels, K keypoints, H W input pixels, h w feature grid.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor, nn

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.models.layers.frozen_features import FrozenCopy
from jmpose_mm.models.layers.stage_shapes import stage_shapes
from jmpose_mm.models.layers.window_gathering import gather_windows
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures, FrameFeatures, FusedFeatures, SharedCrops

__all__ = ['VideoTopdownEstimator']


@MODELS.register_module()
class VideoTopdownEstimator(TopdownPoseEstimator):
    """mmpose's top-down estimator, differing in how features are made: of a clip, not of an image.

    A single-frame checkpoint (no neck in it) loads into a model with a neck: its heatmap layer,
    ``head.final_layer``, becomes the neck's ``heatmap_layer``, which makes the initial heatmaps.

    Args:
        frozen: Names of sub-modules that are not trained, or one, e.g. ``('backbone',
            'neck.heatmap_layer')``. They get no gradient, and a frozen backbone stores no
            activations.
        frozen_norm: ``'eval'`` keeps the normalisation statistics of frozen parts; ``'train'``
            uses and updates batch statistics, as the released recipes do unintentionally.
        frozen_backbone_dtype: Training runs a fast copy of a backbone that is frozen with its
            statistics, in ``'float32'``, ``'bfloat16'`` or ``'float16'``. Checkpoints and
            evaluation do not know of it. On processors with AMX, oneDNN 3.11 gives NaN in
            bfloat16 for crops that are 32 wide.
        **kwargs: The parent's.

    Example:
        >>> from jmpose_mm.engine.configs import load_config
        >>> model = MODELS.build(load_config('jm-pose_debug.py').model).eval()
        >>> model(torch.zeros(1, 5, 3, 128, 96), None, mode='tensor').shape
        torch.Size([1, 17, 32, 24])
    """

    def __init__(
        self,
        *args: Any,
        frozen: str | Sequence[str] | None = (),
        frozen_norm: str = 'eval',
        frozen_backbone_dtype: str = 'float32',
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        check_choice('frozen_norm', frozen_norm, ('eval', 'train'))
        if self.with_neck:
            self._connect_neck_and_head()
        names = dict(self.named_modules())
        self.frozen = (frozen,) if isinstance(frozen, str) else tuple(frozen or ())
        self.frozen_norm = frozen_norm
        for name in self.frozen:
            if name not in names:
                raise ValueError(
                    f'frozen: expected names of sub-modules such as '
                    f'{[n for n, _ in self.named_children()]}, got {name!r}'
                )
            names[name].requires_grad_(False)
        # Not a module: it would be saved in checkpoints.
        self._frozen_copy = FrozenCopy(frozen_backbone_dtype)
        self.train(self.training)

    def _connect_neck_and_head(self) -> None:
        """Check that the head takes what the neck gives, and tell it the features that there are.

        Raises:
            UsageError: It does not, or a loss term reads a feature that the neck does not offer.
        """
        gives, takes = getattr(self.neck, 'gives', None), getattr(self.head, 'takes', None)
        neck, head = type(self.neck).__name__, type(self.head).__name__
        if gives is not None and takes is not gives:
            raise UsageError(
                f'model.head: expected a head that takes the {gives.__name__} of {neck}, such as '
                f'jmpose_mm.VideoPoseHead, got {head}'
            )
        self._check_stages()
        names = getattr(self.neck, 'feature_names', ())
        if getattr(self.head, 'ensemble', False) and 'initial_heatmaps' not in names:
            raise UsageError(
                f'model.head.ensemble: expected a neck whose feature_names have '
                f"'initial_heatmaps', got {neck} with {list(names)}"
            )
        bind = getattr(getattr(self.head, 'loss_terms', None), 'bind', None)
        if bind is not None and hasattr(self.neck, 'feature_names'):
            unread = bind(self.neck.feature_names)
            if unread:
                said = f'features of {neck} that no loss term reads: {listed(unread)}'
                print_log(said, 'current')

    def _check_stages(self) -> None:
        """Raise `UsageError` where backbone, neck and head are not built for each other's maps."""
        if not hasattr(self.neck, 'check_stages'):
            return
        decoder = getattr(self.head, 'decoder', None)
        wide, high = getattr(decoder, 'input_size', None) or (192, 256)
        heatmap_size = getattr(decoder, 'heatmap_size', None)
        if heatmap_size is None or not isinstance(self.head.deconv_layers, nn.Identity):
            heatmap_size = ()
        shapes = stage_shapes(self.backbone, (high, wide))
        if shapes is None:
            return
        self.neck.check_stages(shapes, tuple(heatmap_size)[::-1])
        fused = self.neck.fused_channels(shapes)
        taken = getattr(self.head, 'in_channels', None)
        if fused is not None and isinstance(taken, int) and fused != taken:
            raise UsageError(
                f'model.head.in_channels: expected {fused}, the channels that model.neck '
                f'({type(self.neck).__name__}) gives, got {taken}; change one of the two'
            )

    def train(self, mode: bool = True) -> VideoTopdownEstimator:
        """Frozen parts stay in evaluation mode unless ``frozen_norm='train'``."""
        super().train(mode)
        self._frozen_copy.clear()  # evaluation can use its memory
        if self.frozen_norm == 'eval':
            for name in self.frozen:
                self.get_submodule(name).eval()
        return self

    def _hold_frozen(self) -> None:
        """Say which frozen parts somebody has set free, and take their statistics back."""
        for name in self.frozen:
            part = self.get_submodule(name)
            if self.frozen_norm == 'eval' and any(m.training for m in part.modules()):
                part.eval()
                warnings.warn(
                    f'{name} is frozen and was put into training mode: it stays in evaluation '
                    "mode; frozen_norm='train' lets its statistics follow the batches",
                    stacklevel=4,
                )
            if any(parameter.requires_grad for parameter in part.parameters()):
                warnings.warn(
                    f'{name} is frozen, and somebody let its parameters require gradients: they '
                    'are trained now; leave it out of frozen if that is meant',
                    stacklevel=4,
                )

    def extract_feat(self, inputs: Tensor | SharedCrops) -> FusedFeatures | Sequence[Tensor]:
        """Features of the key frame.

        Args:
            inputs: Preprocessed clips, ``(B, T, 3, H, W)``; images ``(B, 3, H, W)`` are clips of
                one frame. Or the crops of B windows, each of which passes through the backbone and
                through what the neck does with single frames once.

        Returns:
            The neck's :class:`FusedFeatures`; without a neck, the backbone's maps of the one frame.
        """
        self._hold_frozen()
        if isinstance(inputs, SharedCrops):
            return self._window_feat(inputs)
        frames = inputs if inputs.dim() == 5 else inputs.unsqueeze(1)
        self._check_frames(frames.shape[1])
        stages = self._stages(frames.flatten(0, 1))
        if not self.with_neck:
            return stages
        stages = tuple(stage.unflatten(0, (-1, frames.shape[1])) for stage in stages)
        return self.neck(ClipFeatures(frames, stages))

    def _window_feat(self, crops: SharedCrops) -> FusedFeatures | Sequence[Tensor]:
        self._check_frames(crops.crop_index.shape[1])
        stages = self._stages(crops.images)
        if not self.with_neck:
            return tuple(gather_windows(stage, crops)[:, 0] for stage in stages)
        clips = ClipFeatures(crops.images[:, None], tuple(stage[:, None] for stage in stages))
        each = self.neck.frame_features(clips)
        frames = None if each.frames is None else gather_windows(each.frames[:, 0], crops)
        kept = tuple(gather_windows(stage[:, 0], crops) for stage in each.stages)
        heatmaps = gather_windows(each.heatmaps[:, 0], crops)
        return self.neck(FrameFeatures(frames, kept, heatmaps))

    def _check_frames(self, num_frames: int) -> None:
        if not self.with_neck and num_frames != 1:
            raise ValueError(
                f'frames of a clip: expected 1 for a model without a neck, got {num_frames}'
            )

    def _stages(self, images: Tensor) -> Sequence[Tensor]:
        if images.device.type == 'cpu':
            # Convolutions on a processor are a fifth faster in this layout.
            images = images.contiguous(memory_format=torch.channels_last)
        if self.training and 'backbone' in self.frozen:
            return self._frozen_copy(self.backbone, images)
        return self.backbone(images)

    def _load_state_dict_pre_hook(
        self, state_dict: dict[str, Any], prefix: str, *args: Any
    ) -> None:
        """Besides the parent's conversions, let single-frame checkpoints in."""
        super()._load_state_dict_pre_hook(state_dict, prefix, *args)
        moves = []
        if hasattr(self.backbone, 'deconv_layers'):
            moves.append(('head.deconv_layers.', 'backbone.deconv_layers.'))
        if self._is_of_a_single_frame(state_dict, prefix):
            moves.append(('head.deconv_layers.', 'neck.deconv_layers.'))
            moves.append(('head.final_layer.', 'neck.heatmap_layer.'))
        for source, target in moves:
            for key in [k for k in state_dict if k.startswith(prefix + source)]:
                state_dict[prefix + target + key[len(prefix + source) :]] = state_dict.pop(key)

    def _is_of_a_single_frame(self, state_dict: dict[str, Any], prefix: str) -> bool:
        """Whether the head's last layer in a checkpoint is meant for the neck's heatmap layer."""
        if not self.with_neck or any(key.startswith(f'{prefix}neck.') for key in state_dict):
            return False
        if any(key.startswith(f'{prefix}backbone.') for key in state_dict):
            return True
        # A head alone: of this model, unless it fits the heatmap layer and not the head.
        final = state_dict.get(f'{prefix}head.final_layer.weight')
        own = getattr(self.head.final_layer, 'weight', None)
        if final is None or final.shape != self.neck.heatmap_layer.weight.shape:
            return False
        return own is None or final.shape != own.shape
