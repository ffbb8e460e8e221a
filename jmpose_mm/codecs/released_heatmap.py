"""The heatmaps of the released codes: rounded targets whatever the decoding.

Axes: K keypoints, H W heatmap grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.codecs import MSRAHeatmap
from numpy.typing import NDArray

from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.heatmap_decoding import DECODINGS, decode_heatmaps
from jmpose_mm.registry import KEYPOINT_CODECS

__all__ = ['ReleasedHeatmap']


@KEYPOINT_CODECS.register_module()
class ReleasedHeatmap(MSRAHeatmap):
    """mmpose's codec, differing in that decoding is chosen apart from encoding.

    mmpose's ``unbiased=True`` changes the targets too; JM-Pose's code decodes with DARK what was
    trained on rounded targets. Peaks near a border and maps without a positive value are treated as
    there (docs/protocols.md).

    Args:
        input_size: ``(W, H)`` of the crop.
        heatmap_size: ``(W, H)`` of the map.
        sigma: Standard deviation of the targets, in heatmap pixels.
        decoding: ``'quarter-offset'`` (DCPose, FAMI-Pose) or ``'dark'`` (JM-Pose).
        blur_kernel_size: Size of the blur before ``'dark'``, odd, in heatmap pixels.

    Example:
        >>> codec = ReleasedHeatmap(input_size=(96, 128), heatmap_size=(24, 32), sigma=2)
        >>> targets = codec.encode(np.array([[[40.0, 60.0]]]))
        >>> codec.decode(targets['heatmaps'])[0]
        array([[[40., 60.]]], dtype=float32)
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float,
        decoding: str = 'quarter-offset',
        blur_kernel_size: int = 11,
    ) -> None:
        if not sigma > 0:
            raise ValueError(f'sigma: expected more than 0 heatmap pixels, got {sigma}')
        # The parent tells a number from a list by Python's own types.
        sizes = (tuple(int(side) for side in size) for size in (input_size, heatmap_size))
        super().__init__(*sizes, float(sigma), blur_kernel_size=blur_kernel_size)
        check_choice('decoding', decoding, DECODINGS)
        self.decoding = decoding

    def decode(self, encoded: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Heatmaps ``(K, H, W)`` to crop pixels ``(1, K, 2)`` and scores ``(1, K)``."""
        keypoints, scores = decode_heatmaps(encoded, self.decoding, self.blur_kernel_size)
        # By the ratio of sides, not of sides less one: the convention of the released code.
        keypoints = keypoints * self.scale_factor
        return keypoints[None].astype(np.float32), scores[None].astype(np.float32)
