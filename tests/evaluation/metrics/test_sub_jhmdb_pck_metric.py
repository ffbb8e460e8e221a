from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from mmengine.logging import MMLogger
from scribbling import scribble

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.joint_names import SUB_JHMDB_JOINTS
from jmpose_mm.registry import METRICS

K = len(SUB_JHMDB_JOINTS)


def build(**arguments: Any):
    """SubJhmdbPCKMetric as a config builds it."""
    arguments = {'boxes': 'ground truth', **arguments}
    built = METRICS.build({'type': 'jmpose_mm.SubJhmdbPCKMetric', **arguments})
    built.dataset_meta = {'keypoint_id2name': dict(enumerate(SUB_JHMDB_JOINTS))}
    return built


def sample(number: int, offset: dict[str, float] | float = 0.0) -> dict[str, Any]:
    """A person in a box of 60 x 100 with a torso of 40; ``offset`` moves predicted joints."""
    truth = np.full((1, K, 2), 100.0)
    truth[0, SUB_JHMDB_JOINTS.index('right_hip')] += 0, 40
    predicted = truth.copy()
    names = offset if isinstance(offset, dict) else dict.fromkeys(SUB_JHMDB_JOINTS, offset)
    for name, pixels in names.items():
        predicted[0, SUB_JHMDB_JOINTS.index(name), 0] += pixels
    return {
        'id': number,
        'img_id': number,
        'img_path': f'clip/{number:05d}.png',
        'pred_instances': {'keypoints': predicted, 'keypoint_scores': np.ones((1, K))},
        'gt_instances': {
            'keypoints': truth,
            'keypoints_visible': np.ones((1, K)),
            'bboxes': np.asarray([[70.0, 60, 130, 160]]),
            'bbox_scores': np.ones(1),
        },
    }


def evaluate(built, samples: list[dict[str, Any]]) -> dict[str, float]:
    built.process({}, samples)
    return built.evaluate(len(samples))


def test_metric__samples_of_detected_boxes_have_no_labels_to_judge_by() -> None:
    one = sample(1)
    one['gt_instances']['keypoints'] *= 0  # as the data set has them
    with pytest.raises(UsageError, match='expected the sample of an annotated person'):
        evaluate(build(), [one])


@pytest.mark.parametrize(
    ('pixels', 'correct'),
    [
        (4, {'0.05_box', '0.1_box', '0.2_box', '0.1_torso', '0.2_torso'}),
        (5.1, {'0.1_box', '0.2_box', '0.2_torso'}),
        (8, {'0.1_box', '0.2_box', '0.2_torso'}),
        (15, {'0.2_box'}),
        (21, set()),
    ],
)
def test_metric__box_and_torso_at_three_thresholds(pixels: float, correct: set[str]) -> None:
    result = evaluate(build(), [sample(0, pixels)])
    for threshold in ('0.05', '0.1', '0.2'):
        for kind in ('box', 'torso'):
            name = f'{threshold}_{kind}'
            assert result[f'sub-jhmdb/PCK@{name}_Mean'] == (100.0 if name in correct else 0.0)


@pytest.mark.parametrize(('comparison', 'expected'), [('<=', 100.0), ('<', 0.0)])
def test_metric__exactly_the_threshold(comparison: str, expected: float) -> None:
    result = evaluate(build(comparison=comparison, thresholds=[0.25]), [sample(0, 25.0)])
    assert result['sub-jhmdb/PCK@0.25_box_Mean'] == expected


def test_metric__averages_over_joints_and_over_groups() -> None:
    wrong = {'head': 50.0, 'left_wrist': 50.0, 'belly': 50.0}
    result = evaluate(build(), [sample(0), sample(1, wrong)])
    start = 'sub-jhmdb/PCK@0.2_box_'
    groups = {name.removeprefix(start): v for name, v in result.items() if name.startswith(start)}
    assert groups == {
        **{'Head': 50.0, 'Shoulder': 100.0, 'Elbow': 100.0, 'Wrist': 75.0},
        **{'Hip': 100.0, 'Knee': 100.0, 'Ankle': 100.0},
        'Mean': pytest.approx((12 * 100 + 3 * 50) / 15),
        'GroupMean': pytest.approx((50 + 75 + 5 * 100) / 7),
    }


def test_metric__equals_that_of_mmpose() -> None:
    from mmpose.evaluation.metrics import JhmdbPCKAccuracy

    rng = np.random.default_rng(0)
    samples = [
        sample(n, dict(zip(SUB_JHMDB_JOINTS, rng.normal(0, 15, K), strict=True))) for n in range(9)
    ]
    samples[3]['gt_instances']['keypoints'][0, SUB_JHMDB_JOINTS.index('right_hip')] = 100.4
    for one in samples:
        one['gt_instances']['keypoints_visible'][0, rng.integers(K)] = 0
    ours = evaluate(build(comparison='<', thresholds=[0.1]), samples)
    theirs = JhmdbPCKAccuracy(thr=0.1, norm_item=['bbox', 'torso'])
    theirs.process(
        [{}] * len(samples),
        [
            {
                **one,
                'gt_instances': {
                    **one['gt_instances'],
                    'keypoints_visible': one['gt_instances']['keypoints_visible'].astype(bool),
                },
            }
            for one in samples
        ],
    )
    expected = theirs.compute_metrics(theirs.results)
    for kind, name in (('box', 'PCK'), ('torso', 'tPCK')):
        pairs = {'Head': 'Head', 'Shoulder': 'Sho', 'Elbow': 'Elb', 'Wrist': 'Wri'}
        pairs |= {'Hip': 'Hip', 'Knee': 'Knee', 'Ankle': 'Ank'}
        for group, short in pairs.items():
            assert ours[f'sub-jhmdb/PCK@0.1_{kind}_{group}'] == pytest.approx(
                100 * expected[f'{short} {name}']
            )
        assert ours[f'sub-jhmdb/PCK@0.1_{kind}_Mean'] == pytest.approx(100 * expected[name])
        assert 10 < 100 * expected[name] < 90


def test_metric__repeated_samples_count_once() -> None:
    result = evaluate(build(), [sample(0), sample(1, 50.0), sample(1, 50.0)])
    assert result['sub-jhmdb/PCK@0.2_box_Mean'] == 50.0


def test_metric__joints_are_found_by_name() -> None:
    built = build()
    built.dataset_meta = {'keypoint_id2name': dict(enumerate(SUB_JHMDB_JOINTS[::-1]))}
    turned = sample(0, {'head': 50.0})
    for side in ('pred_instances', 'gt_instances'):
        turned[side]['keypoints'] = turned[side]['keypoints'][:, ::-1]
    result = evaluate(built, [turned])
    assert result['sub-jhmdb/PCK@0.2_torso_Head'] == 0.0
    assert result['sub-jhmdb/PCK@0.2_torso_Mean'] == pytest.approx(100 * 14 / 15)


def test_metric__says_how_it_counts() -> None:
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())
    current = MMLogger.get_current_instance()
    current.addHandler(handler)
    level = current.level
    current.setLevel(logging.INFO)  # whatever was tested before
    try:
        built = build(comparison='<')
        built.describe({'boxes': 'ground truth', 'protocol': 'no flip test'})
        evaluate(built, [sample(0)])
    finally:
        current.removeHandler(handler)
        current.setLevel(level)
    first = records[-1].splitlines()[0]
    assert (
        'boxes: ground truth | protocol: no flip test | correct: distance < threshold * size'
        in first
    )
    assert first.endswith('| frames: 1')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'boxes': ''}, 'boxes: expected the source'),
        ({'comparison': '>'}, 'comparison: expected one of'),
        ({'thresholds': []}, 'thresholds: expected positive'),
        ({'thresholds': [0.2, 0.0]}, 'thresholds: expected positive'),
    ],
)
def test_metric__arguments_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**arguments)


def test_metric__ids_that_start_anew_in_every_file_are_other_samples() -> None:
    samples = [sample(number) for number in (1, 2)]
    samples += [
        {**sample(number, 90.0), 'img_path': f'other/{number:05d}.png'} for number in (1, 2)
    ]
    assert evaluate(build(), samples)['sub-jhmdb/PCK@0.2_box_Mean'] == 50
    assert evaluate(build(), [*samples, samples[3]])['sub-jhmdb/PCK@0.2_box_Mean'] == 50


def test_metric__keeps_what_it_was_given_and_not_what_becomes_of_it() -> None:
    built, given = build(), sample(1)
    built.process({}, [given])
    scribble(given['pred_instances'])
    scribble(given['gt_instances'])
    assert built.evaluate(1)['sub-jhmdb/PCK@0.05_box_Mean'] == 100


def test_metric__says_what_is_missing() -> None:
    built = METRICS.build({'type': 'jmpose_mm.SubJhmdbPCKMetric'})
    with pytest.raises(UsageError, match=r'dataset_meta .* set dataset_meta .* dataset\.metainfo'):
        built.process({}, [sample(1)])
    with pytest.raises(UsageError, match='expected at least one predicted sample, got none'):
        build().compute_metrics([])
    for key in ('id', 'pred_instances', 'gt_instances'):
        lacking = {k: v for k, v in sample(1).items() if k != key}
        with pytest.raises(UsageError, match=f'expected .*{key}'):
            build().process({}, [lacking])
