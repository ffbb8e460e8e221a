"""The registered visualizer draws what `draw_poses` draws, in the colour order of mmpose."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES
from jmpose_mm.registry import VISUALIZERS
from jmpose_mm.visualization import draw_poses
from jmpose_mm.visualization.clip_visualizer import ClipVisualizer

META = {
    'dataset_name': 'posetrack18',
    'keypoint_id2name': dict(enumerate(FILE_JOINT_NAMES)),
    'skeleton_links': [(3, 4)],
}


@pytest.fixture
def visualizer() -> ClipVisualizer:
    built = VISUALIZERS.build({'type': 'jmpose_mm.ClipVisualizer', 'name': 'of_a_test'})
    built.set_dataset_meta(META)
    return built


@pytest.fixture
def sample() -> PoseDataSample:
    found = np.random.default_rng(0).uniform(10, 110, (2, 17, 2))
    scores = np.linspace(0, 1, 34).reshape(2, 17)
    return PoseDataSample(
        pred_instances=InstanceData(
            keypoints=found, keypoint_scores=scores, bboxes=np.zeros((2, 4))
        )
    )


def test_hooks_call__draws_as_draw_poses(
    visualizer: ClipVisualizer, sample: PoseDataSample, tmp_path: Path
) -> None:
    image = np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    kept = image.copy()
    out = tmp_path / 'drawn.png'
    visualizer.add_datasample(
        'frame', image, data_sample=sample, draw_gt=False, kpt_thr=0.5, out_file=str(out)
    )
    people = sample.pred_instances
    expected = draw_poses(image[..., ::-1], people.keypoints, people.keypoint_scores, 0.5)
    np.testing.assert_array_equal(cv2.imread(str(out)), expected)
    assert not np.array_equal(expected, image[..., ::-1])
    np.testing.assert_array_equal(image, kept)


def test_sample_without_keypoints__leaves_the_picture(visualizer: ClipVisualizer) -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    drawn = visualizer.add_datasample(
        'frame', image, data_sample=PoseDataSample(pred_instances=InstanceData()), draw_gt=False
    )
    np.testing.assert_array_equal(drawn, image)
