"""Degraded inputs really hide, neighbours stay, targets stay; and weights of joints."""

from __future__ import annotations

import copy

import cv2
import numpy as np
import pytest
from mmcv.transforms import Compose
from mmpose.datasets.transforms import RandomFlip

from jmpose_mm.datasets.transforms import DegradeFrames, TopdownClipAffine, WeighKeypoints
from jmpose_mm.datasets.transforms.degrade_frames import STRENGTHS
from jmpose_mm.registry import TRANSFORMS

BOX = (30, 20, 70, 100)


def textured(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (30, 25, 3), dtype=np.uint8)
    return cv2.resize(coarse, (100, 120), interpolation=cv2.INTER_CUBIC)


def a_clip(count: int = 5, **more: object) -> dict:
    frames = [textured(i) for i in range(count)]
    for frame in frames:
        frame.setflags(write=False)  # as LoadClip hands them out
    half = count // 2
    return {
        'img': frames,
        'frame_offsets': tuple(range(-half, half + 1)),
        'bbox': np.array([BOX], np.float32),
        'bbox_center': np.array([[50.0, 60.0]], np.float32),
        'bbox_scale': np.array([[50.0, 100.0]], np.float32),
        'keypoints': np.full((1, 2, 2), 50.0, np.float32),
        **more,
    }


def psnr(one: np.ndarray, other: np.ndarray, box: tuple[int, int, int, int] = BOX) -> float:
    left, top, right, bottom = box
    inside = (slice(top, bottom), slice(left, right))
    error = np.mean((one[inside].astype(float) - other[inside]) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float('inf')


@pytest.mark.parametrize('kind', STRENGTHS)
def test_degrade_frames__hides_the_person_in_the_key_frame_alone(kind: str) -> None:
    clip = a_clip()
    kept = copy.deepcopy(clip)
    step = DegradeFrames(kinds={kind: 1.0}, second_kind=0.0, burst=(1.0,))
    for seed in range(5):
        np.random.seed(seed)
        made = step(dict(clip))
        assert made['degraded_frames'] == (2,)
        assert made['img'][2].dtype == np.uint8
        # JPEG of quality 92, ordinary video, has about 35 dB here.
        assert psnr(made['img'][2], clip['img'][2]) < 21
        assert all(made['img'][i] is clip['img'][i] for i in (0, 1, 3, 4))
        assert made['keypoints'] is clip['keypoints']
    for before, after in zip(kept['img'], clip['img'], strict=True):
        np.testing.assert_array_equal(before, after)


def test_degrade_frames__an_occluder_covers_most_of_the_box_and_nothing_far_away() -> None:
    clip = a_clip()
    strengths = {'occluder': (0.9, 0.9)}
    made = DegradeFrames(1.0, {'occluder': 1}, 0.0, (1.0,), strengths)(dict(clip))
    changed = (made['img'][2] != clip['img'][2]).any(axis=2)
    left, top, right, bottom = BOX
    assert changed[top:bottom, left:right].mean() > 0.5
    assert not changed[:, 90:].any()


def test_degrade_frames__bursts_hold_the_key_frame_and_leave_a_clean_one() -> None:
    np.random.seed(0)
    step = DegradeFrames(burst=(0, 0, 0, 0, 0, 1.0))
    drawn = {step(a_clip(3))['degraded_frames'] for _ in range(20)}
    assert drawn == {(0, 1), (1, 2)}
    assert step(a_clip(1))['degraded_frames'] == (0,)


def test_degrade_frames__frames_of_one_file_are_degraded_alike() -> None:
    frames = a_clip()['img']
    clip = a_clip(img=[frames[0], frames[0], frames[0], frames[1], frames[2]])
    paths = ['0.jpg', '0.jpg', '0.jpg', '1.jpg', '2.jpg']
    made = DegradeFrames(burst=(1.0,))({**clip, 'frame_paths': paths})
    assert made['degraded_frames'] == (0, 1, 2)
    np.testing.assert_array_equal(made['img'][0], made['img'][2])
    assert psnr(made['img'][0], frames[0]) < 30


def test_degrade_frames__is_drawn_from_the_global_generator_and_rarely_where_prob_says() -> None:
    step = DegradeFrames()
    pictures = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        pictures.append(step(a_clip())['img'][2])
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()
    assert DegradeFrames(prob=0.0)(a_clip())['degraded_frames'] == ()


@pytest.mark.parametrize('turned', [0.0, 30.0, -50.0])
@pytest.mark.parametrize('flipped', [False, True])
def test_degrade_frames__motion_blur_goes_along_the_known_motion(
    turned: float, flipped: bool
) -> None:
    # The trace of a dot, against two keypoints that the same flip and crop have moved.
    picture = np.zeros((120, 100, 3), np.uint8)
    picture[58:63, 48:53] = 255
    clip = a_clip(3, img=[picture] * 3, bbox_rotation=np.array([turned], np.float32))
    clip |= {'raw_ann_info': {'motion': [5.0, 3.0]}, 'img_shape': (120, 100)}
    clip |= {'keypoints': np.array([[[50.0, 60.0], [60.0, 66.0]]]), 'flip_indices': [0, 1]}
    clip['keypoints_visible'] = np.ones((1, 2))
    np.random.seed(0)
    flip = RandomFlip(prob=float(flipped), direction='horizontal')
    blur = DegradeFrames(1.0, {'motion_blur': 1}, 0.0, (1.0,))
    made = Compose([flip, TopdownClipAffine((96, 192)), blur])(clip)
    y, x = np.nonzero(made['img'][1][..., 0] > 20)
    trace = np.linalg.eigh(np.cov(np.stack([x, y])))[1][:, -1]
    moved = np.diff(made['transformed_keypoints'][0, :, :2], axis=0)[0]
    cosine = abs(trace @ moved) / np.hypot(*moved)
    assert cosine > np.cos(np.deg2rad(20))


@pytest.mark.parametrize(
    'wrong', [{'prob': 2}, {'kinds': {'rain': 1}}, {'burst': (0.0,)}, {'kinds': {'defocus': -1}}]
)
def test_degrade_frames__refuses(wrong: dict) -> None:
    with pytest.raises(ValueError, match='expected'):
        DegradeFrames(**wrong)


def test_weigh_keypoints__by_the_annotation_in_the_order_of_a_mirrored_sample() -> None:
    targets = {'keypoint_weights': np.array([[1, 1, 0]], np.float32)}
    entry = {'raw_ann_info': {'keypoint_weights': [0.25, 0.5, 1.0]}}
    step = TRANSFORMS.build({'type': 'jmpose_mm.WeighKeypoints'})
    assert step({**targets, **entry})['keypoint_weights'].tolist() == [[0.25, 0.5, 0.0]]
    mirrored = {'flip': True, 'flip_indices': [1, 0, 2]}
    assert step({**targets, **entry, **mirrored})['keypoint_weights'].tolist() == [[0.5, 0.25, 0.0]]
    assert WeighKeypoints()(dict(targets))['keypoint_weights'] is targets['keypoint_weights']
    with pytest.raises(ValueError, match='3 numbers'):
        step({**targets, 'raw_ann_info': {'keypoint_weights': [1.0]}})
