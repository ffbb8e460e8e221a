"""Pictures of test persons where JM-Pose wins and loses most, with what it looked at.

Axes: C channels, G deformable groups, N taps, K joints, h w feature grid, H W pixels of a view.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from experiments.study.evaluation import predict
from experiments.study.features import StoredClips
from jmpose_mm.structures import ClipFeatures
from jmpose_mm.visualization.comparison import side_by_side
from jmpose_mm.visualization.drawing import COLOURS, OUTLINE, draw_disc, draw_line, draw_poses
from jmpose_mm.visualization.marks import overlay

__all__ = ['draw_cases', 'joint_errors']

OFFSETS = (-2, -1, 0, 1, 2)
TITLES = ('single frame', 'JM-Pose', 'truth', 'motion', 'joint offsets')
PICTURES = {'cases_won': 1, 'cases_lost': -1}
MAGNIFIED = 3  # pixels of a view for each of the crop


class _Attention(NamedTuple):
    """``motion`` (h, w) in 0..1; ``offsets`` (2, h, w), x and y of the mean in grid cells."""

    motion: np.ndarray
    offsets: np.ndarray


def draw_cases(
    baseline: nn.Module, model: nn.Module, clips: StoredClips, device: str, count: int = 4
) -> dict[str, np.ndarray]:
    """Pictures by name: the persons whose errors differ most, one in a row.

    Args:
        baseline: The single-frame model.
        model: JM-Pose, with joint learner.
        clips: Test clips of five frames, in ground-truth boxes.
        device: Where the models are.
        count: Rows of a picture.
    """
    before = predict(baseline, clips, (0,), device=device)
    after = predict(model, clips, OFFSETS, device=device)
    gain = joint_errors(before) - joint_errors(after)
    pictures = {}
    for name, sign in PICTURES.items():
        rows = [
            _row(before[i], after[i], _attention(model, clips, i, device), gain[i])
            for i in np.argsort(-sign * gain, kind='stable')[:count]
        ]
        pictures[name] = np.concatenate(rows, axis=0)
    return pictures


def joint_errors(samples: list[PoseDataSample]) -> np.ndarray:
    """Mean distance of the annotated joints of each sample's person from the predicted ones, as a
    share of its crop's height, at most a tenth for each; 0 for a person without joints."""
    errors = []
    for sample in samples:
        truth, predicted = sample.gt_instances, sample.pred_instances
        known = np.asarray(truth.keypoints_visible[0]) > 0
        away = np.linalg.norm(predicted.keypoints[0] - truth.keypoints[0], axis=-1)
        shares = np.minimum(away / sample.metainfo['input_scale'][1], 0.1)
        errors.append(float(shares[known].mean()) if known.any() else 0.0)
    return np.asarray(errors)


@torch.no_grad()
def _attention(model: nn.Module, clips: StoredClips, index: int, device: str) -> _Attention:
    chosen = StoredClips(
        tuple(stage[index : index + 1] for stage in clips.stages),
        clips.offsets,
        clips.samples[index : index + 1],
        clips.metainfo,
    )
    (clip, _), found = next(chosen.batches(1, OFFSETS, device=device)), []

    def keep(module: Any, args: Any, kwargs: dict[str, Tensor], result: Tensor) -> None:
        found.append(module.predict(kwargs['guide']))

    alignment = model.neck.joint_learner.alignment
    hook = alignment.register_forward_hook(keep, with_kwargs=True)
    try:
        model.neck(clip)
    finally:
        hook.remove()
    ((offset, modulation),) = found
    # y before x in the operator's layout.
    pairs = offset[0].unflatten(0, (-1, 2)).flip(1)  # (GN, 2, h, w)
    weights = modulation[0, :, None].abs()
    mean = (weights * pairs).sum(dim=0) / weights.sum(dim=0).clamp_min(1e-6)
    return _Attention(_motion(model, clip), mean.cpu().numpy())


def _motion(model: nn.Module, clip: ClipFeatures) -> np.ndarray:
    strength = model.neck.motion(clip)[0].square().mean(dim=0).sqrt()
    return (strength / strength.max().clamp_min(1e-6)).cpu().numpy()


def _row(
    before: PoseDataSample, after: PoseDataSample, attention: _Attention, gain: float
) -> np.ndarray:
    """One person: both predictions, the truth, and what JM-Pose looked at."""
    meta = after.metainfo
    wide, high = (MAGNIFIED * side for side in meta['input_size'])
    scale = (wide, high) / np.asarray(meta['input_scale'], dtype=float)
    left_top = np.asarray(meta['input_center']) - np.asarray(meta['input_scale']) / 2
    matrix = np.column_stack((np.diag(scale), -scale * left_top))
    view = cv2.warpAffine(cv2.imread(meta['img_path']), matrix, (wide, high))

    def placed(keypoints: np.ndarray) -> np.ndarray:
        return (keypoints - left_top) * scale

    truth = after.gt_instances
    poses = [placed(s.pred_instances.keypoints) for s in (before, after)]
    images = [draw_poses(view, pose) for pose in poses]
    images.append(draw_poses(view, placed(truth.keypoints), truth.keypoints_visible))
    images.append(overlay(view, attention.motion))
    images.append(_draw_offsets(view, poses[1][0], attention.offsets))
    return side_by_side(images, [f'{TITLES[0]}, {gain:+.3f}', *TITLES[1:]])


def _draw_offsets(view: np.ndarray, joints: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """A line from each joint to where the learner looks for it on average."""
    drawn = view.copy()
    cells = np.asarray(offsets.shape[:0:-1])
    cell = np.asarray(view.shape[1::-1]) / cells
    for joint in joints:
        x, y = np.clip(joint // cell, 0, cells - 1).astype(int)
        end = joint + offsets[:, y, x] * cell
        draw_line(drawn, joint, end, OUTLINE, 4)
        draw_line(drawn, joint, end, COLOURS['right'], 2)
        draw_disc(drawn, joint, 3, COLOURS['left'])
    return drawn
