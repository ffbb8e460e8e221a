"""Repairs of the poses of a whole video."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.poses.track_repairs import (
    fill_gaps,
    join_identities,
    limb_pairs,
    repair_swaps,
)
from jmpose_mm.video.poses.whole_tracks import check_steps, measured, smoothed
from jmpose_mm.video.records import FramePoses, PersonPose
from jmpose_mm.visualization.skeleton import Skeleton, posetrack_skeleton

SKELETON = posetrack_skeleton()
JOINTS = SKELETON.joints
STANDING = np.array([[10.0 + 12 * ('left' in name), 10.0 + 6 * n] for n, name in enumerate(JOINTS)])


def video(*persons: dict[int, tuple[float, np.ndarray]], fps: float = 10) -> list[FramePoses]:
    """Frames of persons: identity to how far to the right, and keypoints there."""
    frames = []
    for index, some in enumerate(persons):
        poses = tuple(
            PersonPose(
                identity,
                np.array([x, 0.0, x + 40, 120.0]),
                0.9,
                np.round(keypoints + np.array([x, 0]), 2),
                np.full(17, 0.8),
            )
            for identity, (x, keypoints) in some.items()
        )
        frames.append(FramePoses(index, index / fps, '', (640, 480), poses))
    return frames


def test_gaps__are_filled_on_a_line() -> None:
    seen = [{1: (4.0 * t, STANDING)} for t in range(12)]
    whole = video(*seen)
    hidden = video(*[{} if t in (3, 4, 8) else some for t, some in enumerate(seen)])
    filled = fill_gaps(hidden, SKELETON)
    for one, other in zip(filled, whole, strict=True):
        (person,), (true,) = one.persons, other.persons
        assert person.id == 1
        np.testing.assert_allclose(person.keypoints, true.keypoints, atol=0.011)
        np.testing.assert_allclose(person.box, true.box, atol=0.011)
    assert [len(poses.persons) for poses in hidden] == [1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1]


def test_gaps__that_are_long_stay() -> None:
    hidden = video(*[{} if 2 < t < 9 else {1: (0.0, STANDING)} for t in range(12)])
    assert [len(poses.persons) for poses in fill_gaps(hidden, SKELETON)] == [
        len(poses.persons) for poses in hidden
    ]


def test_swaps__are_put_right_and_the_measured_poses_kept() -> None:
    legs = [
        JOINTS.index(f'{side}_{part}')
        for part in ('hip', 'knee', 'ankle')
        for side in ('left', 'right')
    ]
    other = [
        JOINTS.index(f'{side}_{part}')
        for part in ('hip', 'knee', 'ankle')
        for side in ('right', 'left')
    ]
    swapped = STANDING.copy()
    swapped[legs] = STANDING[other]
    seen = [{1: (3.0 * t, swapped if t in (4, 5) else STANDING)} for t in range(10)]
    mended = repair_swaps(video(*seen), SKELETON)
    for t, poses in enumerate(mended):
        np.testing.assert_array_equal(poses.persons[0].keypoints, STANDING + np.array([3.0 * t, 0]))
        assert (poses.persons[0].unsmoothed is not None) == (t in (4, 5))
    again = [measured(poses) for poses in mended]
    np.testing.assert_array_equal(again[4].persons[0].keypoints, swapped + np.array([12.0, 0]))


def test_join__renames_along_the_chain_and_says_so() -> None:
    seen = [{1: (5.0 * t, STANDING)} for t in range(5)]
    seen += [{}, {}] + [{2: (5.0 * t, STANDING)} for t in range(7, 12)]
    seen += [{}] + [{5: (5.0 * t, STANDING), 9: (400.0, STANDING)} for t in range(13, 18)]
    joined, renamed = join_identities(video(*seen), gap=0.5)
    assert renamed == {2: 1, 5: 1}
    assert {p.id for poses in joined for p in poses.persons} == {1, 9}
    assert join_identities(video(*seen), gap=0.1)[1] == {}


def test_steps__go_by_their_names() -> None:
    frames = video(*[{1: (4.0 * t, STANDING)} for t in range(8)])
    for step in ('repair-swaps', 'fill-gaps', 'gaussian'):
        for one, other in zip(smoothed(frames, step, SKELETON), frames, strict=True):
            np.testing.assert_allclose(
                one.persons[0].keypoints, other.persons[0].keypoints, atol=0.011
            )
    with pytest.raises(KeyError):
        smoothed(frames, 'mean', SKELETON)


@pytest.mark.parametrize(
    'names', [('left_hip', 'right_hip'), ('hip_left', 'hip_right'), ('LHip', 'RHip')]
)
def test_swaps__of_joints_by_any_names_of_sides(names: tuple[str, str]) -> None:
    assert limb_pairs(Skeleton(('nose', *names), ())) == [[(1, 2)]]


def test_swaps__of_a_skeleton_without_limbs_are_refused() -> None:
    check_steps(['repair-swaps', 'gaussian'], SKELETON)
    tail = Skeleton(('nose', 'tail'), ())
    check_steps(['gaussian'], tail)
    with pytest.raises(UsageError, match=r'repair-swaps needs .* the poses have nose, tail'):
        check_steps(['gaussian', 'repair-swaps'], tail)
