"""The package's drawing as an mmpose visualizer, for mmpose's own hook and inferencers."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.visualization import PoseLocalVisualizer

from jmpose_mm.registry import VISUALIZERS
from jmpose_mm.visualization.drawing import draw_poses
from jmpose_mm.visualization.skeleton import skeleton_of

__all__ = ['ClipVisualizer']


@VISUALIZERS.register_module()
class ClipVisualizer(PoseLocalVisualizer):  # type: ignore[misc]
    """Draws the poses of a clip's key frame as this package draws them.

    The right side is orange and the left side blue, limbs grow with the person, and PoseTrack's
    ears, which nobody annotates, are left out. Boxes, heatmaps and files stay mmpose's. With
    `PoseVisualizationHook` enabled, validation and testing draw with it.

    Args:
        **kwargs: Arguments of mmpose's `PoseLocalVisualizer`.

    Example:
        >>> from mmengine.structures import InstanceData
        >>> from mmpose.structures import PoseDataSample
        >>> from jmpose_mm import PoseTrackClipDataset
        >>> visualizer = ClipVisualizer()
        >>> visualizer.set_dataset_meta(dict(PoseTrackClipDataset.METAINFO))
        >>> points = np.random.default_rng(0).uniform(20, 100, (1, 17, 2))
        >>> found = InstanceData(keypoints=points, keypoint_scores=np.ones((1, 17)))
        >>> sample = PoseDataSample(pred_instances=found)
        >>> image = np.zeros((120, 160, 3), np.uint8)
        >>> drawn = visualizer.add_datasample('walk', image, sample, draw_gt=False)
        >>> drawn.shape, bool(drawn.any()), bool(image.any())
        ((120, 160, 3), True, False)
    """

    def _draw_instances_kpts(
        self,
        image: np.ndarray,
        instances: Any,
        kpt_thr: float = 0.3,
        show_kpt_idx: bool = False,
        skeleton_style: str = 'mmpose',
    ) -> np.ndarray:
        """Draw on an (H, W, 3) uint8 RGB image; it is not changed."""
        known = 'keypoint_id2name' in (self.dataset_meta or {})
        if not known or show_kpt_idx or skeleton_style != 'mmpose':
            return super()._draw_instances_kpts(
                image, instances, kpt_thr, show_kpt_idx, skeleton_style
            )
        if 'keypoints' not in instances:
            return image
        keypoints = np.asarray(instances.get('transformed_keypoints', instances.keypoints))
        scores = instances.get('keypoint_scores', instances.get('keypoints_visible'))
        drawn = draw_poses(
            image[..., ::-1],  # draw_poses takes BGR, mmpose's visualizers RGB
            keypoints,
            None if scores is None else np.asarray(scores),
            threshold=kpt_thr,
            skeleton=skeleton_of(self.dataset_meta),
        )
        return np.ascontiguousarray(drawn[..., ::-1])
