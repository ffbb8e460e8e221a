"""Each of the ten rules that people get wrong has its own test; all meet in the reference."""

from __future__ import annotations

import numpy as np
import pytest

from jmpose_mm.functional.evaluation.polygons import Polygons, points_inside
from jmpose_mm.functional.evaluation.posetrack_ap import (
    JointAP,
    _stable_order,
    group_means,
    mean_over_joints,
    posetrack_ap,
)
from jmpose_mm.functional.evaluation.posetrack_matching import match_joints
from jmpose_mm.functional.evaluation.posetrack_persons import (
    PredictedPersons,
    TruePersons,
    head_size,
    select_frames,
)

J = 15
HEAD = 30.0  # of a head box of 30 x 40 pixels
POSE = np.stack([np.arange(J) * 100.0, np.arange(J) * 50.0], axis=1)
FAR = 1e5


def true_persons(*persons: tuple[int, np.ndarray], head: float = HEAD, **changes) -> TruePersons:
    """Persons (frame, (J, 2) points) with all joints annotated."""
    frame = np.asarray([frame for frame, _ in persons], dtype=np.int64)
    points = np.asarray([points for _, points in persons], dtype=float).reshape(-1, J, 2)
    present = np.ones((len(frame), J), dtype=bool)
    return TruePersons(frame, points, present, np.full(len(frame), head))._replace(**changes)


def predicted(*persons: tuple[int, np.ndarray, float], **changes) -> PredictedPersons:
    """Persons (frame, (J, 2) points, score of every joint) with all joints predicted."""
    plain = true_persons(*((frame, points) for frame, points, _ in persons))
    scores = np.asarray([np.full(J, score) for *_, score in persons], dtype=float).reshape(-1, J)
    return PredictedPersons(plain.frame, plain.keypoints, plain.present, scores)._replace(**changes)


def without(persons, *cells: tuple[int, int]):
    present = persons.present.copy()
    for person, joint in cells:
        present[person, joint] = False
    return persons._replace(present=present)


def shifted(pixels: float, joints: slice | list[int] = slice(None)) -> np.ndarray:
    points = POSE.copy()
    points[joints, 0] += pixels
    return points


# ---- the ten rules ----------------------------------------------------------------------------


def test_rule_1__unannotated_joint_of_a_matched_person_is_a_false_positive() -> None:
    truth = without(true_persons((0, POSE), (1, POSE)), (0, 4))
    result = posetrack_ap(truth, predicted((0, POSE, 0.9), (1, POSE, 0.5)))
    assert result.num_predicted[4] == 2
    assert result.num_correct[4] == 1
    # The wrong joint ranks first: precision 1/2 at recall 1.
    assert result.ap[4] == 50.0
    assert result.ap[3] == 100.0


def test_rule_2__matching_ignores_scores_and_does_not_reassign() -> None:
    # Both predictions fit truth 1 best; the exact one comes second and has the higher score, but
    # both have all joints within half a head, so the first keeps truth 1 and the second is not
    # offered truth 0.
    truth = true_persons((0, shifted(14, slice(0, 11))), (0, POSE))
    predictions = predicted((0, shifted(3), 0.1), (0, POSE, 0.9))
    correct = match_joints(truth, predictions)
    assert correct[0].all()
    assert not correct[1].any()


def test_rule_2__the_better_pckh_wins_whatever_its_place() -> None:
    correct = match_joints(
        true_persons((0, POSE)), predicted((0, shifted(FAR, [0]), 0.9), (0, POSE, 0.1))
    )
    assert not correct[0].any()
    assert correct[1].all()


def test_rule_2__pckh_is_the_share_of_the_annotated_joints() -> None:
    # Five of five annotated joints are more than ten of fifteen.
    few = without(true_persons((0, shifted(3))), *((0, joint) for joint in range(5, J)))
    many = true_persons((0, shifted(FAR, slice(0, 5))))
    truth = TruePersons(*(np.concatenate(pair) for pair in zip(many, few, strict=True)))
    correct = match_joints(truth, predicted((0, POSE, 0.5)))
    assert np.flatnonzero(correct[0]).tolist() == [0, 1, 2, 3, 4]


def test_rule_3__scores_rank_joints_over_the_whole_data_set() -> None:
    truth = true_persons((0, POSE), (1, POSE))
    predictions = predicted((0, POSE, 0.2), (0, shifted(FAR), 0.1), (1, POSE, 0.9))
    predictions.scores[1, 6] = 0.5
    ap = posetrack_ap(truth, predictions).ap
    assert ap[0] == 100.0
    # right, wrong, right: (1 + 2/3) / 2.
    assert ap[6] == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_rule_4__frame_without_persons_is_dropped_with_its_predictions() -> None:
    result = posetrack_ap(true_persons((0, POSE)), predicted((0, POSE, 0.5), (1, POSE, 0.9)))
    assert result.num_predicted.tolist() == [1] * J
    assert mean_over_joints(result.ap) == 100.0


def test_rule_4__frame_with_a_person_without_keypoints_stays() -> None:
    truth = true_persons((0, POSE), (1, POSE))
    truth.present[1] = False
    result = posetrack_ap(truth, predicted((0, POSE, 0.5), (1, POSE, 0.9)))
    assert result.num_predicted.tolist() == [2] * J
    assert mean_over_joints(result.ap) == 50.0


def test_rule_4__ignored_regions_do_not_drop_a_frame() -> None:
    truth = true_persons((0, POSE), (1, POSE - 500))
    region = Polygons.from_lists([1], [np.asarray([[-1e3, -1e3], [999, -1e3], [0, 300.0]])])
    swallowed = points_inside(truth.keypoints[1], np.ones(J, dtype=np.int64), region)
    truth.present[1] = swallowed
    result = posetrack_ap(truth, predicted((0, POSE, 0.5), (1, POSE + 5000, 0.9)), region)
    assert result.num_true.tolist() == [1] * J
    assert result.num_predicted.tolist() == [2] * J


def test_rule_6__half_a_head_is_inclusive() -> None:
    # A box of 30 x 40 has the head size 0.6 * 50 = 30; 9-12-15 is exactly half of it.
    size = head_size(np.asarray([[0.0, 0.0, 30.0, 40.0]]))
    assert size.tolist() == [30.0]
    truth = true_persons((0, POSE), head_size=size)
    exact, beyond = POSE + np.array([9.0, 12.0]), POSE + np.array([9.0, 12.0001])
    assert posetrack_ap(truth, predicted((0, exact, 1))).num_correct.tolist() == [1] * J
    assert posetrack_ap(truth, predicted((0, beyond, 1))).num_correct.tolist() == [0] * J


def test_rule_8__mean_is_over_joints_not_over_groups() -> None:
    ap = np.zeros(J)
    ap[[12, 13, 14]] = 60.0  # the three joints of the head
    groups = group_means(ap)
    assert groups['Head'] == 60.0
    assert mean_over_joints(ap) == 60.0 * 3 / 15
    assert mean_over_joints(ap) != pytest.approx(np.mean(list(groups.values())))


def test_rule_9__joint_without_truth_but_predicted_is_nan_and_spoils_its_group_only() -> None:
    truth = without(true_persons((0, POSE)), (0, 13))
    result = posetrack_ap(truth, predicted((0, POSE, 0.5)))
    assert np.isnan(result.ap[13])
    assert np.isnan(result.recall[13])
    assert result.precision[13] == 0.0
    assert mean_over_joints(result.ap) == 100.0
    assert [name for name, value in group_means(result.ap).items() if np.isnan(value)] == ['Head']


@pytest.mark.parametrize('annotated', [True, False])
def test_rule_9__joint_without_prediction_is_zero_and_pulls_the_mean_down(annotated: bool) -> None:
    truth = true_persons((0, POSE))
    truth = truth if annotated else without(truth, (0, 13))
    result = posetrack_ap(truth, without(predicted((0, POSE, 0.5)), (0, 13)))
    assert (result.ap[13], result.precision[13], result.recall[13]) == (0.0, 0.0, 0.0)
    assert mean_over_joints(result.ap) == pytest.approx(100 * 14 / 15)


def test_rule_10__ties_have_one_order_the_later_first() -> None:
    frames = np.arange(40)
    truth = true_persons(*((frame, POSE) for frame in frames))
    wrong = [(frame, POSE if frame >= 20 else shifted(FAR), 0.5) for frame in frames]
    assert posetrack_ap(truth, predicted(*wrong)).ap.tolist() == [50.0] * J
    turned = [(frame, POSE if frame < 20 else shifted(FAR), 0.5) for frame in frames]
    # All 20 right ones follow the 20 wrong ones: precision climbs to 1/2 at the end.
    assert posetrack_ap(truth, predicted(*turned)).ap.tolist() == [25.0] * J


# Rules 5 (frames are paired by position) and 7 (visibility plays no role) are the readers': see
# tests/formats/test_prediction_pairs.py.


# ---- the reference, frame by frame --------------------------------------------------------------


def reference(truth: TruePersons, predictions: PredictedPersons, ignored: Polygons) -> JointAP:
    """The official procedure, one frame, person and joint at a time."""
    lists: list[list[tuple[float, bool]]] = [[] for _ in range(J)]
    num_true = [0] * J
    for frame in sorted(set(truth.frame.tolist())):
        people = [i for i in range(len(truth.frame)) if truth.frame[i] == frame]
        poses = [i for i in range(len(predictions.frame)) if predictions.frame[i] == frame]
        own = [r for r in range(len(ignored.frame)) if ignored.frame[r] == frame]
        rings = [ignored.vertices[ignored.first[r] : ignored.first[r + 1]] for r in own]
        has_g = {m: visible(truth, m, rings) for m in people}
        has_p = {n: visible(predictions, n, rings) for n in poses}
        for m in people:
            for j in has_g[m]:
                num_true[j] += 1
        owners = reference_owners(truth, predictions, has_g, has_p)
        for n in poses:
            for j in sorted(has_p[n]):
                m = owners.get(n)
                right = m is not None and j in has_g[m] and near(truth, predictions, m, n, j)
                lists[j].append((float(predictions.scores[n, j]), right))
    curves = [reference_curve(*pair) for pair in zip(lists, num_true, strict=True)]
    counts = [num_true, [len(one) for one in lists], [sum(r for _, r in one) for one in lists]]
    return JointAP(*np.asarray(curves).T, *np.asarray(counts))


def visible(persons: TruePersons | PredictedPersons, row: int, rings: list[np.ndarray]) -> set[int]:
    def in_a_ring(point: np.ndarray) -> bool:
        odd = False
        for ring in rings:
            inside = False
            for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
                if (y1 > point[1]) != (y2 > point[1]):
                    inside ^= point[0] < x1 + (point[1] - y1) * (x2 - x1) / (y2 - y1)
            odd = odd or inside
        return odd

    joints = np.flatnonzero(persons.present[row]).tolist()
    return {j for j in joints if not in_a_ring(persons.keypoints[row, j])}


def near(truth: TruePersons, predictions: PredictedPersons, m: int, n: int, j: int) -> bool:
    gap = np.linalg.norm(truth.keypoints[m, j] - predictions.keypoints[n, j])
    return bool(truth.head_size[m] > 0 and gap / truth.head_size[m] <= 0.5)


def reference_owners(truth, predictions, has_g, has_p) -> dict[int, int]:
    best: dict[int, tuple[float, int]] = {}
    for n in has_p:
        choice, choice_pck = None, 0.0
        for m in has_g:
            hits = sum(near(truth, predictions, m, n, j) for j in has_g[m] & has_p[n])
            pck = hits / max(1, len(has_g[m]))
            if pck > choice_pck:
                choice, choice_pck = m, pck
        if choice is not None and choice_pck > best.get(choice, (0.0, -1))[0]:
            best[choice] = (choice_pck, n)
    return {n: m for m, (_, n) in best.items()}


def reference_curve(pairs: list[tuple[float, bool]], num_true: int) -> tuple[float, float, float]:
    if not pairs:
        return 0.0, 0.0, 0.0
    ranked = [right for _, right in sorted(pairs, key=lambda pair: -pair[0])]
    precision = [sum(ranked[: k + 1]) / (k + 1) for k in range(len(ranked))]
    if not num_true:
        return float('nan'), 100 * precision[-1], float('nan')
    recall = [sum(ranked[: k + 1]) / num_true for k in range(len(ranked))]
    area, last = 0.0, 0.0
    for k, value in enumerate(recall):
        area += (value - last) * max(precision[k:])
        last = value
    return 100 * area, 100 * precision[-1], 100 * recall[-1]


def random_scene(seed: int) -> tuple[TruePersons, PredictedPersons, Polygons]:
    rng = np.random.default_rng(seed)
    frames, people = 12, 4
    frame = rng.integers(0, frames, frames * people)
    points = rng.uniform(0, 200, (len(frame), 1, 2)) + rng.normal(0, 30, (len(frame), J, 2))
    head = rng.choice([0.0, 20.0, 40.0, 60.0], len(frame), p=[0.05, 0.3, 0.35, 0.3])
    present = rng.random((len(frame), J)) < 0.8
    present[:, 13] = rng.random() < 0.5  # a class without truth in some scenes
    present[rng.random(len(frame)) < 0.1] = False
    truth = TruePersons(frame, points, present, head)
    copies = rng.integers(0, len(frame), 60)
    moved = points[copies] + rng.normal(0, 9, (60, J, 2))
    where = np.where(rng.random(60) < 0.9, frame[copies], rng.integers(0, frames + 3, 60))
    scores = rng.permutation(60 * J).reshape(60, J) / 100.0 - 3
    predictions = PredictedPersons(where, moved, rng.random((60, J)) < 0.9, scores)
    # No head box where nobody is predicted: legal, and the official evaluator never looks at it.
    truth.head_size[~np.isin(frame, where)] = np.nan
    rings = [rng.uniform(0, 200, (size, 2)) for size in rng.integers(3, 12, 6)]
    return truth, predictions, Polygons.from_lists(rng.integers(0, frames, 6).tolist(), rings)


@pytest.mark.parametrize('seed', range(12))
def test_posetrack_ap__equals_frame_by_frame_reference(seed: int) -> None:
    scene = random_scene(seed)
    result, expected = posetrack_ap(*scene), reference(*scene)
    assert 20 < expected.num_correct.sum() < expected.num_predicted.sum()
    for name in ('num_true', 'num_predicted', 'num_correct'):
        assert getattr(result, name).tolist() == getattr(expected, name).tolist()
    for name in ('ap', 'precision', 'recall'):
        np.testing.assert_allclose(getattr(result, name), getattr(expected, name), atol=1e-9)


def test_posetrack_ap__random_scenes_hold_every_difficulty() -> None:
    scenes = [random_scene(seed) for seed in range(12)]
    assert any(np.isnan(truth.head_size).any() for truth, *_ in scenes)
    assert any(np.isnan(posetrack_ap(*scene).ap).any() for scene in scenes)
    plain = [posetrack_ap(truth, predictions).num_true.sum() for truth, predictions, _ in scenes]
    ignoring = [posetrack_ap(*scene).num_true.sum() for scene in scenes]
    assert all(less < more for less, more in zip(ignoring, plain, strict=True))


# ---- laws and borders ---------------------------------------------------------------------------


def test_posetrack_ap__truth_as_prediction_is_perfect() -> None:
    truth, _, ignored = random_scene(3)
    truth = truth._replace(head_size=np.full(len(truth.frame), 25.0))
    scores = np.random.default_rng(0).random(truth.present.shape)
    result = posetrack_ap(truth, PredictedPersons(*truth[:3], scores), ignored)
    assert mean_over_joints(result.ap[result.num_true > 0]) == pytest.approx(100.0)


@pytest.mark.parametrize('change', [lambda s: 3 * s + 7, lambda s: s**3, np.arctan])
def test_posetrack_ap__only_the_order_of_scores_counts(change) -> None:
    truth, predictions, ignored = random_scene(1)
    turned = predictions._replace(scores=change(predictions.scores))
    before, after = (posetrack_ap(truth, one, ignored).ap for one in (predictions, turned))
    np.testing.assert_array_equal(after, before)
    backwards = predictions._replace(scores=-predictions.scores)
    assert mean_over_joints(posetrack_ap(truth, backwards, ignored).ap) != mean_over_joints(before)


def test_posetrack_ap__order_of_frames_plays_no_role() -> None:
    truth, predictions, ignored = random_scene(2)
    predictions = predictions._replace(scores=np.round(predictions.scores))  # ties
    order = np.argsort(np.random.default_rng(9).permutation(20)[predictions.frame], kind='stable')
    shuffled = PredictedPersons(*(column[order] for column in predictions))
    assert order.tolist() != sorted(order.tolist())
    np.testing.assert_array_equal(
        posetrack_ap(truth, shuffled, ignored).ap, posetrack_ap(truth, predictions, ignored).ap
    )


def test_posetrack_ap__scaling_the_scene_changes_nothing() -> None:
    truth, predictions, _ = random_scene(4)
    larger = truth._replace(keypoints=truth.keypoints * 4, head_size=truth.head_size * 4)
    wider = predictions._replace(keypoints=predictions.keypoints * 4)
    np.testing.assert_array_equal(
        posetrack_ap(larger, wider).ap, posetrack_ap(truth, predictions).ap
    )


def test_posetrack_ap__a_duplicate_below_all_scores_costs_precision_not_ap() -> None:
    truth = true_persons((0, POSE))
    once, twice = [(0, POSE, 0.9)], [(0, POSE, 0.9), (0, POSE, 0.1)]
    first, second = (posetrack_ap(truth, predicted(*persons)) for persons in (once, twice))
    assert second.ap.tolist() == first.ap.tolist() == [100.0] * J
    assert second.precision.tolist() == [50.0] * J


def test_posetrack_ap__nothing_predicted_gives_zero() -> None:
    result = posetrack_ap(true_persons((0, POSE)), predicted())
    assert result.ap.tolist() == [0.0] * J
    assert result.num_true.tolist() == [1] * J


def test_posetrack_ap__head_box_missing_where_it_is_needed() -> None:
    truth = true_persons((0, POSE), (1, POSE), head_size=np.asarray([np.nan, HEAD]))
    assert posetrack_ap(truth, predicted((1, POSE, 0.5))).num_correct.tolist() == [1] * J
    with pytest.raises(ValueError, match=r'annotated person 0 \(frame 0.*head box'):
        posetrack_ap(truth, predicted((0, POSE, 0.5)))


@pytest.mark.parametrize('score', [np.nan, np.inf])
def test_posetrack_ap__scores_must_be_finite_where_a_joint_is(score: float) -> None:
    predictions = predicted((0, POSE, 0.5))
    predictions.scores[0, 3] = score
    with pytest.raises(ValueError, match='finite numbers'):
        posetrack_ap(true_persons((0, POSE)), predictions)
    absent = without(predictions, (0, 3))
    assert posetrack_ap(true_persons((0, POSE)), absent).num_predicted[3] == 0


def test_posetrack_ap__shapes_are_checked() -> None:
    predictions = predicted((0, POSE, 0.5))
    with pytest.raises(ValueError, match=r'predictions.scores: expected shape \(1, 15\)'):
        posetrack_ap(true_persons((0, POSE)), predictions._replace(scores=np.ones((1, 17))))


def test_select_frames__keeps_whole_frames() -> None:
    truth, predictions, ignored = random_scene(6)
    chosen = np.arange(20) % 2 == 0
    part = select_frames(truth, predictions, chosen)
    assert set(part[0].frame.tolist()) == {f for f in truth.frame.tolist() if f % 2 == 0}
    rest = select_frames(truth, predictions, ~chosen)
    counts = [posetrack_ap(*half, ignored).num_correct for half in (part, rest)]
    assert (counts[0] + counts[1]).tolist() == posetrack_ap(
        *(truth, predictions), ignored
    ).num_correct.tolist()


@pytest.mark.parametrize('values', [4000, 3], ids=['few ties', 'many ties'])
def test_order_of_scores__is_that_of_a_stable_sort(values: int) -> None:
    scores = np.random.default_rng(0).integers(0, values, 1500).astype(float)
    assert np.array_equal(_stable_order(scores), np.argsort(scores, kind='stable'))
    scores += np.arange(1500) / 1e4
    assert np.array_equal(_stable_order(scores), np.argsort(scores, kind='stable'))
