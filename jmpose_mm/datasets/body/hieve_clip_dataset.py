"""The clip data set of HiEve, Human in Events."""

from __future__ import annotations

from typing import Any

from jmpose_mm.datasets.body.posetrack_clip_dataset import PoseTrackClipDataset
from jmpose_mm.functional.joint_names import HIEVE_JOINTS
from jmpose_mm.registry import DATASETS

__all__ = ['HieveClipDataset']

_LINKS = (
    ('nose', 'chest'),
    ('chest', 'right_shoulder'),
    ('right_shoulder', 'right_elbow'),
    ('right_elbow', 'right_wrist'),
    ('chest', 'left_shoulder'),
    ('left_shoulder', 'left_elbow'),
    ('left_elbow', 'left_wrist'),
    ('chest', 'right_hip'),
    ('right_hip', 'right_knee'),
    ('right_knee', 'right_ankle'),
    ('chest', 'left_hip'),
    ('left_hip', 'left_knee'),
    ('left_knee', 'left_ankle'),
)
# part -> (body half, weight in the loss, COCO's sigma); the chest takes CrowdPose's neck.
_PARTS = {
    'nose': ('upper', 1.0, 0.026),
    'chest': ('upper', 1.0, 0.079),
    'shoulder': ('upper', 1.0, 0.079),
    'elbow': ('upper', 1.2, 0.072),
    # Weights as mmpose's body data sets have them: the ends of limbs count more.
    'wrist': ('upper', 1.5, 0.062),
    'hip': ('lower', 1.0, 0.107),
    'knee': ('lower', 1.2, 0.087),
    'ankle': ('lower', 1.5, 0.089),
}
_COLORS = {'left': [0, 255, 0], 'right': [255, 128, 0], '': [51, 153, 255]}


def _metainfo() -> dict[str, Any]:
    keypoints, weights, sigmas = {}, [], []
    for index, name in enumerate(HIEVE_JOINTS):
        side, _, part = name.rpartition('_')
        half, weight, sigma = _PARTS[part]
        swap = {'left': f'right_{part}', 'right': f'left_{part}', '': ''}[side]
        keypoints[index] = dict(name=name, id=index, color=_COLORS[side], type=half, swap=swap)
        weights.append(weight)
        sigmas.append(sigma)
    skeleton = {
        index: dict(link=link, id=index, color=_COLORS[link[1].rpartition('_')[0]])
        for index, link in enumerate(_LINKS)
    }
    return dict(
        dataset_name='hieve',
        paper_info=dict(
            title='Human in Events: A Large-Scale Benchmark for Human-centric Video Analysis in '
            'Complex Events',
            homepage='http://humaninevents.org',
        ),
        keypoint_info=keypoints,
        skeleton_info=skeleton,
        joint_weights=weights,
        sigmas=sigmas,
    )


@DATASETS.register_module()
class HieveClipDataset(PoseTrackClipDataset):
    """The parent with HiEve's 14 joints; files are those of ``tools/convert_dataset.py hieve``.

    The sigmas are COCO's (HiEve publishes none); only OKS, which HiEve does not use, depends on
    them.

    Example:
        >>> HieveClipDataset.METAINFO['dataset_name']
        'hieve'
    """

    METAINFO = _metainfo()
