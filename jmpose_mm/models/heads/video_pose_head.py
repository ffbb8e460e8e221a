"""Detection head of the video models.

Axes: B clips, C channels, K keypoints, h w grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.models.heads import HeatmapHead
from mmpose.structures import PoseDataSample
from torch import Tensor

from jmpose_mm.functional.checks import check_same_shape
from jmpose_mm.functional.heatmaps import heatmap_accuracy, peak_weighted_mean
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import FusedFeatures

__all__ = ['VideoPoseHead']


@MODELS.register_module()
class VideoPoseHead(HeatmapHead):
    """mmpose's heatmap head, differing in its input and in additional objectives.

    Prediction, flip test and decoding are the parent's.

    Args:
        loss_terms: Config of a module that maps named features to named losses, e.g.
            :class:`MutualInformationLoss`. The features are the neck's and ``'heatmaps'``, the
            prediction.
        ensemble: Predict the mean of the final heatmaps and the single-frame ones of the key
            frame, where each map weighs as much as its peak is high. The objectives are those of
            the final heatmaps all the same.
        **kwargs: The parent's; there are no deconvolutions unless asked for.

    Example:
        >>> head = VideoPoseHead(in_channels=8, out_channels=5)
        >>> head(FusedFeatures(torch.zeros(1, 8, 16, 12), torch.zeros(1, 3, 5, 16, 12), {})).shape
        torch.Size([1, 5, 16, 12])
    """

    takes = FusedFeatures

    def __init__(
        self, loss_terms: dict[str, Any] | None = None, ensemble: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**{'deconv_out_channels': None, 'deconv_kernel_sizes': None, **kwargs})
        self.loss_terms = None if loss_terms is None else MODELS.build(loss_terms)
        self.ensemble = ensemble

    def forward(self, feats: FusedFeatures) -> Tensor:
        """Predicted heatmaps of the key frame, ``(B, K, h, w)``."""
        heatmaps = self.final_heatmaps(feats)
        if not self.ensemble:
            return heatmaps
        return peak_weighted_mean(heatmaps, feats.named['initial_heatmaps'])

    def final_heatmaps(self, feats: FusedFeatures) -> Tensor:
        """Heatmaps that the fused features say, ``(B, K, h, w)``."""
        # mmpose's heads take the last of several maps.
        return super().forward((feats.fused,))

    def loss(
        self,
        feats: FusedFeatures,
        batch_data_samples: Sequence[PoseDataSample],
        train_cfg: dict[str, Any] | None = None,
    ) -> dict[str, Tensor]:
        """Named losses.

        Returns:
            ``loss_kpt``, ``loss_<term>`` for each term, and ``acc_pose`` in [0, 1] unless
            ``train_cfg`` has ``compute_acc=False``.
        """
        heatmaps = self.final_heatmaps(feats)
        target = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        weights = torch.cat(
            [sample.gt_instance_labels.keypoint_weights for sample in batch_data_samples]
        )
        # Other sizes make the backbone round, and maps differ from targets by a pixel.
        name = 'heatmaps (input_size must be a multiple of 32)'
        check_same_shape(name, heatmaps, 'target', target)
        losses = {'loss_kpt': self.loss_module(heatmaps, target, weights)}
        if self.loss_terms is not None:
            losses |= self.loss_terms({**feats.named, 'heatmaps': heatmaps})
        if (train_cfg or {}).get('compute_acc', True):
            losses['acc_pose'] = heatmap_accuracy(heatmaps.detach(), target, weights)
        return losses
