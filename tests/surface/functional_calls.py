"""One call of every public function of `jmpose_mm.functional`, with fresh arguments each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from jmpose_mm.functional import (
    arrays,
    bilinear,
    checks,
    crop,
    crop_windows,
    deformable,
    frame_sampling,
    frame_windows,
    heatmap_decoding,
    heatmaps,
    joint_masks,
    joint_sides,
    mutual_information,
    runs,
    temporal,
    translation,
)
from jmpose_mm.functional.evaluation import (
    clear_mot,
    hieve_ap,
    keypoint_similarity,
    pck,
    person_errors,
    person_subsets,
    polygons,
    posetrack_ap,
    posetrack_matching,
    posetrack_persons,
    posetrack_tracking,
)
from jmpose_mm.functional.tracks import (
    certainty,
    one_euro_filter,
    outliers,
    quality,
    repairs,
    smoothing,
    tracking,
)

Arguments = dict[str, Any]


def _persons() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    frame, points = np.repeat(np.arange(4), 2), rng.integers(0, 100, (8, 15, 2)).astype(float)
    present = rng.random((8, 15)) < 0.8
    found = points + rng.integers(-4, 5, points.shape)
    return (
        posetrack_persons.TruePersons(frame, points, present, np.full(8, 10.0)),
        posetrack_persons.PredictedPersons(
            frame.copy(), found, np.ones((8, 15), bool), rng.integers(1, 99, (8, 15)).astype(float)
        ),
    )


def _pair(**more: Any) -> Arguments:
    truth, predictions = _persons()
    return {'truth': truth, 'predictions': predictions, **more}


def _maps(*channels: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, c, 6, 5, generator=generator) for c in channels]


def _sides(*channels: int) -> Arguments:
    return dict(zip(('first', 'second', 'given'), _maps(*channels), strict=False))


def _heatmaps() -> np.ndarray:
    y, x = np.mgrid[:24, :18]
    return np.stack([np.exp(-((x - a) ** 2 + (y - b) ** 2) / 8) for a, b in ((5.3, 8.8), (9, 12))])


def _boxes() -> np.ndarray:
    return np.array([[0.0, 0, 40, 80], [4, 0, 44, 80], [100, 100, 130, 180]])


def _track() -> Arguments:
    keypoints = np.random.default_rng(0).integers(0, 9, (9, 2, 2)).astype(float)
    return {'keypoints': keypoints, 'times': np.arange(9.0)}


def _signs() -> Arguments:
    more = {'scores': np.full((9, 2), 0.8), 'edges': [(0, 1)], 'pairs': [(0, 1)]}
    return {**_track(), **more, 'boxes': np.tile([0.0, 0, 8, 8], (9, 1))}


def _track_ends() -> list[Any]:
    return [
        repairs.TrackEnds((start, start + 1.0), _boxes()[:2] + start, np.zeros((2, 2)))
        for start in (0.0, 1.5)
    ]


def _square() -> Any:
    corners = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    return polygons.Polygons(np.array([0]), np.array([0, 4]), corners)


def _filtered(keypoints: Any) -> np.ndarray:
    smooth = one_euro_filter.OneEuroFilter()
    first = np.zeros((3, 2))
    smooth(first, time=0.0, size=100.0)
    first[:] = 7  # what was handed in is the caller's
    return smooth(keypoints, time=0.04, size=100.0)


def _counted(objects: Any, hypotheses: Any, distances: Any) -> dict[str, float]:
    events = clear_mot.TrackEvents()
    events.add(objects, hypotheses, distances)
    return dict(events.sums)


def _deformation() -> Arguments:
    features, offset, modulation = _maps(4, 18, 9)
    weight = torch.linspace(-1, 1, 8 * 9).reshape(2, 4, 3, 3)
    sides = {'features': features, 'offset': offset, 'modulation': modulation}
    return {**sides, 'weight': weight, 'padding': 1}


# name -> (function, what makes its arguments)
CALLS: dict[str, tuple[Callable[..., Any], Callable[[], Arguments]]] = {
    'as_floats': (arrays.as_floats, lambda: {'name': 'a', 'values': np.arange(3)}),
    'as_indices': (arrays.as_indices, lambda: {'name': 'a', 'values': np.arange(3.0)}),
    'as_mask': (arrays.as_mask, lambda: {'name': 'a', 'values': np.arange(3)}),
    'check_choice': (
        checks.check_choice,
        lambda: {'name': 'a', 'value': 1, 'choices': [1, 2]},
    ),
    'check_rank': (
        checks.check_rank,
        lambda: {'name': 'a', 'tensor': _maps(2)[0], 'axes': 'B C H W'},
    ),
    'check_same_shape': (
        checks.check_same_shape,
        lambda: {'first': 'a', 'a': _maps(2)[0], 'second': 'b', 'b': _maps(2)[0]},
    ),
    'gathered_samples': (
        bilinear.gathered_samples,
        lambda: {'features': _maps(2)[0], 'grid': torch.zeros(2, 3, 4, 2)},
    ),
    'sample_bilinear': (
        bilinear.sample_bilinear,
        lambda: {'features': _maps(2)[0], 'grid': torch.zeros(2, 3, 4, 2)},
    ),
    'blocked_tokens': (
        joint_masks.blocked_tokens,
        lambda: {'heatmaps': _maps(8)[0][None].expand(2, -1, -1, -1, -1), 'grid': (3, 3)},
    ),
    'CropWindow': (crop_windows.CropWindow, lambda: {'center': np.zeros(2), 'scale': np.ones(2)}),
    'box_of_joints': (crop.box_of_joints, lambda: {'keypoints': _boxes()[:, :2]}),
    'clip_boxes': (crop.clip_boxes, lambda: {'boxes': _boxes(), 'width': 90, 'height': 90}),
    'crop_window': (
        crop_windows.crop_window,
        lambda: {'box': _boxes()[0], 'padding': 1.25, 'aspect_ratio': 0.75},
    ),
    'is_usable_box': (crop.is_usable_box, lambda: {'box': _boxes()[0]}),
    'outside_crop': (crop.outside_crop, lambda: {'keypoints': _boxes(), 'size': (9, 9, 9, 9)}),
    'warp_matrix': (
        crop.warp_matrix,
        lambda: {
            'center': np.array([50.0, 60]),
            'scale': np.array([48.0, 64]),
            'rotation': 30,
            'output_size': [96, 128],
        },
    ),
    'window_fits': (
        crop_windows.window_fits,
        lambda: {
            'window': crop_windows.crop_window(_boxes()[0], 1.25, 0.75),
            'wanted': crop_windows.crop_window(_boxes()[1], 1.25, 0.75),
        },
    ),
    'WindowMove': (crop_windows.WindowMove, lambda: {'ratio': 1.0, 'shift': (0.1, 0.0)}),
    'window_move': (
        crop_windows.window_move,
        lambda: {
            'source': crop_windows.crop_window(_boxes()[0], 1.25, 0.75),
            'target': crop_windows.crop_window(_boxes()[1], 1.25, 0.75),
            'rotation': 30,
        },
    ),
    'Stretch': (runs.Stretch, lambda: {'track': 0, 'start': 0, 'stop': 4}),
    'sample_tracks': (
        runs.sample_tracks,
        lambda: {'persons': np.array([0, 0, 1, 0]), 'numbers': np.array([2, 1, 1, 9]), 'reach': 4},
    ),
    'draw_stretches': (
        runs.draw_stretches,
        lambda: {'tracks': [np.arange(9)], 'length': 4, 'rng': np.random.default_rng(0)},
    ),
    'batch_sizes': (runs.batch_sizes, lambda: {'windows': 25, 'batch_size': 4, 'processes': 3}),
    'fill_batches': (
        runs.fill_batches,
        lambda: {'stretches': [runs.Stretch(0, 0, 4), runs.Stretch(1, 0, 3)], 'sizes': [5, 2]},
    ),
    'xywh_to_xyxy': (crop.xywh_to_xyxy, lambda: {'boxes': _boxes()}),
    'modulated_deform_conv2d': (deformable.modulated_deform_conv2d, _deformation),
    'TrackEvents': (
        _counted,
        lambda: {
            'objects': np.array([1, 2]),
            'hypotheses': np.array([7, 8]),
            'distances': np.array([[1.0, np.nan], [2, 3]]),
        },
    ),
    'crowd_index': (hieve_ap.crowd_index, lambda: {'truth': _persons()[0], 'num_frames': 4}),
    'frame_weights': (hieve_ap.frame_weights, lambda: {'index': np.arange(3.0)}),
    'head_size_of_joints': (
        hieve_ap.head_size_of_joints,
        lambda: {'keypoints': _persons()[0].keypoints, 'present': _persons()[0].present},
    ),
    'box_size': (pck.box_size, lambda: {'boxes': _boxes()}),
    'joint_pck': (
        pck.joint_pck,
        lambda: {
            'distances': np.arange(6.0).reshape(2, 3),
            'present': np.array([[True, False, True]] * 2),
            'threshold': 2,
        },
    ),
    'torso_size': (
        pck.torso_size,
        lambda: {
            'truth': _persons()[0].keypoints,
            'predictions': _persons()[1].keypoints,
            'left_shoulder': 9,
            'right_hip': 2,
        },
    ),
    'fit_persons': (person_errors.fit_persons, _pair),
    'joint_errors': (person_errors.joint_errors, lambda: _pair(fitted=np.arange(8))),
    'motion_speed': (
        person_errors.motion_speed,
        lambda: {
            'truth': _persons()[0],
            'video': np.zeros(4, int),
            'number': np.arange(4),
            'track': np.arange(8) % 2,
        },
    ),
    'ap_of_persons': (
        person_subsets.ap_of_persons,
        lambda: _pair(owner=np.arange(8), chosen=np.arange(8) < 5),
    ),
    'divide_by_quantiles': (
        person_subsets.divide_by_quantiles,
        lambda: {'values': np.arange(9.0), 'count': 3},
    ),
    'match_persons': (person_subsets.match_persons, _pair),
    'Polygons': (
        polygons.Polygons.from_lists,
        lambda: {'frames': [0], 'rings': [_boxes()[:, :2]]},
    ),
    'pairs_inside_frames': (
        polygons.pairs_inside_frames,
        lambda: {'first': np.array([0, 1]), 'second': np.array([1, 0, 1])},
    ),
    'points_inside': (
        polygons.points_inside,
        lambda: {
            'points': np.array([[5.0, 5], [10, 5]]),
            'frame': np.zeros(2, int),
            'polygons': _square(),
        },
    ),
    'group_means': (posetrack_ap.group_means, lambda: {'values': np.arange(15.0)}),
    'mean_over_joints': (posetrack_ap.mean_over_joints, lambda: {'values': np.arange(15.0)}),
    'posetrack21_ap': (posetrack_ap.posetrack21_ap, lambda: _pair(labelled=np.arange(4) < 3)),
    'posetrack_ap': (
        posetrack_ap.posetrack_ap,
        lambda: _pair(ignored=_square(), frame_weights=np.arange(1.0, 5)),
    ),
    'match_joints': (posetrack_matching.match_joints, _pair),
    'pair_persons': (posetrack_matching.pair_persons, _pair),
    'without_ignored': (
        posetrack_matching.without_ignored,
        lambda: _pair(ignored=_square()),
    ),
    'as_persons': (posetrack_persons.as_persons, lambda: {'persons': _persons()[0]}),
    'checked_persons': (posetrack_persons.checked_persons, _pair),
    'head_size': (posetrack_persons.head_size, lambda: {'boxes': _boxes()}),
    'select_frames': (
        posetrack_persons.select_frames,
        lambda: _pair(frames=np.array([True, False, True, True])),
    ),
    'take_persons': (
        posetrack_persons.take_persons,
        lambda: {'persons': _persons()[0], 'rows': np.array([0, 3])},
    ),
    'posetrack_mota': (
        posetrack_tracking.posetrack_mota,
        lambda: _pair(
            tracks=posetrack_tracking.TrackIds(np.arange(8) % 2, np.arange(8) % 2, np.zeros(4, int))
        ),
    ),
    'check_frame_offsets': (
        frame_sampling.check_frame_offsets,
        lambda: {'frame_offsets': np.arange(-2, 3)},
    ),
    'draw_offsets': (
        frame_sampling.draw_offsets,
        lambda: {
            'frame_offsets': np.arange(-2, 3),
            'distance': 4,
            'rng': np.random.RandomState(0),
        },
    ),
    'support_frames': (
        frame_sampling.support_frames,
        lambda: {'key': 3, 'offsets': np.arange(-2, 3), 'available': [2, 3, 4, 6]},
    ),
    'frame_step': (frame_windows.frame_step, lambda: {'available': [10, 20, 40]}),
    'frames_by_order': (
        frame_windows.frames_by_order,
        lambda: {'key': 30, 'offsets': np.arange(-1, 2), 'available': [10, 30, 90]},
    ),
    'frames_in_time': (
        frame_windows.frames_in_time,
        lambda: {'key': 30, 'offsets': [-0.1, 0, 0.1], 'available': [10, 30, 90], 'rate': 100},
    ),
    'side_of_name': (joint_sides.side_of_name, lambda: {'name': 'left_ear'}),
    'name_without_side': (joint_sides.name_without_side, lambda: {'name': 'left_ear'}),
    'mirrored_name': (joint_sides.mirrored_name, lambda: {'name': 'left_ear'}),
    'mirror_pairs': (joint_sides.mirror_pairs, lambda: {'names': ['left_ear', 'right_ear']}),
    'check_mirror': (
        joint_sides.check_mirror,
        lambda: {'names': ['left_ear', 'right_ear'], 'flip_indices': [1, 0]},
    ),
    'unpaired_sides': (
        joint_sides.unpaired_sides,
        lambda: {'names': ['left_ear', 'right_ear'], 'flip_indices': [0, 1]},
    ),
    'keypoint_similarity': (
        keypoint_similarity.keypoint_similarity,
        lambda: {
            'predicted': np.arange(12.0).reshape(2, 3, 2),
            'true': np.arange(6.0).reshape(1, 3, 2),
            'present': np.array([[True, True, False]]),
            'areas': np.array([40.0]),
            'sigmas': np.array([0.1, 0.1, 0.1]),
        },
    ),
    'matched_persons': (
        keypoint_similarity.matched_persons,
        lambda: {'similarity': np.array([[0.2, 0.8], [0.9, 0.1]])},
    ),
    'keypoint_ap': (
        keypoint_similarity.keypoint_ap,
        lambda: {'similarities': [np.array([[0.7]])], 'scores': [np.array([0.9])]},
    ),
    'dark': (
        heatmap_decoding.dark,
        lambda: {'heatmaps': _heatmaps(), 'peaks': np.array([[5.0, 9], [9, 12]])},
    ),
    'decode_heatmaps': (
        heatmap_decoding.decode_heatmaps,
        lambda: {'heatmaps': _heatmaps(), 'decoding': 'dark'},
    ),
    'heatmap_maxima': (heatmap_decoding.heatmap_maxima, lambda: {'heatmaps': _heatmaps()}),
    'quarter_offset': (
        heatmap_decoding.quarter_offset,
        lambda: {'heatmaps': _heatmaps(), 'peaks': np.array([[5.0, 9], [9, 12]])},
    ),
    'heatmap_accuracy': (
        heatmaps.heatmap_accuracy,
        lambda: {
            'heatmaps': _maps(3)[0],
            'target': _maps(3, 3)[1],
            'keypoint_weights': torch.ones(2, 3),
        },
    ),
    'heatmap_peaks': (heatmaps.heatmap_peaks, lambda: {'heatmaps': _maps(3)[0]}),
    'peak_weighted_mean': (heatmaps.peak_weighted_mean, lambda: _sides(3, 3)),
    'gaussian_information': (
        mutual_information.gaussian_information,
        lambda: _sides(2, 3, 2),
    ),
    'released_quantity': (
        mutual_information.released_quantity,
        lambda: _sides(2, 2),
    ),
    'spatial_kl': (
        mutual_information.spatial_kl,
        lambda: _sides(2, 2),
    ),
    'spatial_log_softmax': (
        mutual_information.spatial_log_softmax,
        lambda: {'features': _maps(2)[0]},
    ),
    'adjacent_differences': (
        temporal.adjacent_differences,
        lambda: {'features': _maps(2)[0][None]},
    ),
    'key_frame_index': (temporal.key_frame_index, lambda: {'frame_offsets': np.arange(-2, 3)}),
    'repeat_key_frame': (
        temporal.repeat_key_frame,
        lambda: {'clip': _maps(2)[0][None], 'key_index': 1},
    ),
    'split_key_frame': (
        temporal.split_key_frame,
        lambda: {'clip': _maps(2)[0][None], 'key_index': 1},
    ),
    'OneEuroFilter': (_filtered, lambda: {'keypoints': _boxes()[:, :2]}),
    'jitter': (smoothing.jitter, _track),
    'accelerations': (smoothing.accelerations, _track),
    'jumps': (outliers.jumps, lambda: {**_track(), 'size': 90.0}),
    'bone_changes': (outliers.bone_changes, lambda: {**_track(), 'edges': [(0, 1)]}),
    'fill_joints': (
        repairs.fill_joints,
        lambda: {**_track(), 'scores': np.tile([[0.9], [0.1], [0.8]], (3, 2))},
    ),
    'joined_tracks': (repairs.joined_tracks, lambda: {'tracks': _track_ends(), 'gap': 1.0}),
    'swapped_sides': (
        repairs.swapped_sides,
        lambda: {'keypoints': _track()['keypoints'], 'size': 9.0, 'pairs': [(0, 1)]},
    ),
    'track_signs': (quality.track_signs, _signs),
    'outside_box': (
        outliers.outside_box,
        lambda: {'keypoints': _boxes()[:, None, :2], 'boxes': _boxes() + 9},
    ),
    'lying_on_others': (
        outliers.lying_on_others,
        lambda: {
            'poses': np.tile([[10.0, 20], [30, 40]], (3, 1, 1)),
            'scores': np.array([[0.9, 0.9], [0.8, 0.8], [0.7, 0.7]]),
            'boxes': _boxes(),
        },
    ),
    'suspicions': (quality.suspicions, lambda: {'signs': quality.track_signs(**_signs())}),
    'suspicion': (quality.suspicion, lambda: {'signs': quality.track_signs(**_signs())}),
    'motion': (quality.motion, _track),
    'gaps': (quality.gaps, lambda: {'times': np.array([0.0, 1, 5]), 'longest': 2.0}),
    'worth_labelling': (
        quality.worth_labelling,
        lambda: {'suspicions': np.arange(5.0), 'times': np.arange(5.0), 'count': 2},
    ),
    'joint_certainty': (
        certainty.joint_certainty,
        lambda: {**_track(), 'scores': np.full((9, 2), 0.7), 'size': np.full(9, 90.0)},
    ),
    'agreed_track': (
        certainty.agreed_track,
        lambda: {**_track(), 'certainty': np.tile([[0.9], [0.1], [0.8]], (3, 2))},
    ),
    'smooth_gaussian': (smoothing.smooth_gaussian, lambda: {**_track(), 'scores': np.ones((9, 2))}),
    'smooth_savitzky_golay': (
        smoothing.smooth_savitzky_golay,
        lambda: {**_track(), 'scores': np.ones((9, 2))},
    ),
    'assign': (tracking.assign, lambda: {'similarity': np.eye(3), 'least': 0.5}),
    'box_carried_by_pose': (
        tracking.box_carried_by_pose,
        lambda: {
            'box': _boxes()[0],
            'before': _track()['keypoints'][:4, 0],
            'after': _track()['keypoints'][:4, 0] + 2,
        },
    ),
    'box_iou': (tracking.box_iou, lambda: {'boxes': _boxes(), 'others': _boxes()}),
    'common_velocity': (
        tracking.common_velocity,
        lambda: {'series': [([0, 1, 2], _track()['keypoints'][:3, 0])]},
    ),
    'joints_seen': (tracking.joints_seen, lambda: {'poses': _track()['keypoints']}),
    'nms': (tracking.nms, lambda: {'boxes': _boxes(), 'scores': np.arange(3.0), 'max_iou': 0.5}),
    'oks': (
        tracking.oks,
        lambda: {
            'poses': _track()['keypoints'],
            'others': _track()['keypoints'],
            'areas': np.full(9, 99.0),
            'sigmas': np.ones(2),
        },
    ),
    'resample': (
        translation.resample,
        lambda: {'features': _maps(2)[0], 'ratio': 1.1, 'shift': np.array([0.1, 0])},
    ),
    'translate': (
        translation.translate,
        lambda: {'features': _maps(2)[0], 'shift': torch.ones(2, 2)},
    ),
}
