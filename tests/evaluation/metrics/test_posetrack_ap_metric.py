from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from scribbling import scribble

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.prediction_pairs import read_pairs
from jmpose_mm.functional.evaluation.posetrack_ap import group_means, mean_over_joints, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES, PredictedPersons
from jmpose_mm.registry import METRICS

NAMES = ['nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear'] + [
    f'{side}_{part}'
    for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    for side in ('left', 'right')
]
SIGMAS = np.linspace(0.03, 0.1, 17)
ORDER = [NAMES.index(name) for name in JOINT_NAMES]
VIDEOS = ('000001_bonn_val', '000002_mpii_val')


@pytest.fixture
def truth() -> dict[str, Any]:
    """Two videos of five frames and two people, every second frame degraded, one region ignored."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for video in VIDEOS:
        for number in range(5):
            image = {
                'file_name': f'images/val/{video}/{number:06d}.jpg',
                'id': 50 + len(images),
                'degraded': number % 2 == 1,
            }
            images.append(image)
            for track in range(2):
                keypoints = np.ones((17, 3))
                keypoints[:, :2] = rng.uniform(20, 300, (17, 2)) + 400 * track
                keypoints[rng.random(17) < 0.2] = 0
                annotations.append(
                    {
                        'id': len(annotations),
                        'image_id': image['id'],
                        'track_id': track,
                        'category_id': 1,
                        'keypoints': keypoints.ravel().tolist(),
                        'bbox_head': [0, 0, 60, 80],
                    }
                )
    images[3] |= {'ignore_regions_x': [[0, 200, 200, 0]], 'ignore_regions_y': [[0, 0, 200, 200]]}
    return {
        'images': images,
        'annotations': annotations,
        'categories': [{'id': 1, 'keypoints': NAMES}],
    }


@pytest.fixture
def ann_file(truth: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / 'posetrack18_val.json'
    path.write_text(json.dumps(truth))
    return path


def samples_of(truth: dict[str, Any], seed: int = 1) -> list[dict[str, Any]]:
    """Perturbed truth in the form in which mmpose hands predictions to a metric."""
    rng = np.random.default_rng(seed)
    names = {image['id']: image['file_name'] for image in truth['images']}
    samples = []
    for person in truth['annotations']:
        keypoints = np.reshape(person['keypoints'], (1, 17, 3))[..., :2]
        samples.append(
            {
                'id': person['id'],
                'img_id': person['image_id'],
                'img_path': f'/anywhere/{names[person["image_id"]]}',
                'category_id': 1,
                'pred_instances': {
                    'keypoints': keypoints + rng.normal(0, 25, keypoints.shape),
                    'keypoint_scores': rng.random((1, 17)).astype(np.float32),
                },
                'gt_instances': {'bbox_scores': rng.random(1).astype(np.float32)},
            }
        )
    return samples


def metric(ann_file: Path, **arguments: Any):
    arguments = {'boxes': 'ground truth', **arguments}
    built = METRICS.build(
        {'type': 'jmpose_mm.PoseTrackAPMetric', 'ann_file': str(ann_file), **arguments}
    )
    built.dataset_meta = {'keypoint_id2name': dict(enumerate(NAMES)), 'sigmas': SIGMAS}
    return built


def evaluate(built, samples: list[dict[str, Any]]) -> dict[str, float]:
    for first in range(0, len(samples), 3):
        built.process({}, samples[first : first + 3])
    return built.evaluate(len(samples))


def expected(
    ann_file: Path, samples: list[dict[str, Any]], box: bool, chosen=None
) -> dict[str, float]:
    """The functional result of the same predictions, assembled by hand."""
    frames = read_annotations(ann_file)
    ids = {frame.image_id: index for index, frame in enumerate(frames.images)}
    index = np.asarray([ids[sample['img_id']] for sample in samples])
    keypoints = np.concatenate([s['pred_instances']['keypoints'] for s in samples])[:, ORDER]
    scores = np.concatenate([s['pred_instances']['keypoint_scores'] for s in samples])[:, ORDER]
    if box:
        scores = scores.astype(float) * np.asarray(
            [s['gt_instances']['bbox_scores'] for s in samples]
        )
    people = frames.truth()
    if chosen is not None:
        people = type(people)(*(column[chosen[people.frame]] for column in people))
    predictions = PredictedPersons(
        index, keypoints, np.ones(scores.shape, bool), scores.astype(float)
    )
    ap = posetrack_ap(people, predictions, frames.ignored()).ap
    return {'AP': mean_over_joints(ap), **group_means(ap)}


def prefixed(values: dict[str, float], suffix: str = '') -> dict[str, float]:
    return {f'posetrack/{name}{suffix}': value for name, value in values.items()}


@pytest.mark.parametrize('rule', ['keypoint*box', 'keypoint'])
def test_metric__equals_the_functional_result(truth, ann_file: Path, rule: str) -> None:
    samples = samples_of(truth)
    result = evaluate(metric(ann_file, score_rule=rule), samples)
    assert result == pytest.approx(
        prefixed(expected(ann_file, samples, rule == 'keypoint*box')), abs=1e-12
    )
    assert 20 < result['posetrack/AP'] < 95
    assert result['posetrack/AP'] != pytest.approx(
        expected(ann_file, samples, rule == 'keypoint')['AP']
    )


def test_metric__subset_is_reported_apart(truth, ann_file: Path) -> None:
    samples = samples_of(truth)
    result = evaluate(metric(ann_file, subset='degraded'), samples)
    degraded = np.asarray([image['degraded'] for image in truth['images']])
    whole = prefixed(expected(ann_file, samples, True))
    parts = prefixed(expected(ann_file, samples, True, degraded), '_degraded')
    parts |= prefixed(expected(ann_file, samples, True, ~degraded), '_not_degraded')
    assert result == pytest.approx(whole | parts, abs=1e-12)
    assert len({result[f'posetrack/AP{part}'] for part in ('', '_degraded', '_not_degraded')}) == 3


def test_metric__one_evaluation_reports_any_number_of_subsets(truth, ann_file: Path) -> None:
    for number, image in enumerate(truth['images']):
        image['dark'] = number % 3 == 0
    ann_file.write_text(json.dumps(truth), encoding='utf-8')
    samples = samples_of(truth)
    result = evaluate(metric(ann_file, subset=['degraded', 'not_degraded', 'dark']), samples)
    dark = np.asarray([image['dark'] for image in truth['images']])
    both = evaluate(metric(ann_file, subset='degraded'), samples)
    assert result == pytest.approx(
        both | prefixed(expected(ann_file, samples, True, dark), '_dark')
    )
    assert result['posetrack/AP_dark'] != pytest.approx(result['posetrack/AP'])


def test_metric__videos_restrict_the_ground_truth(truth, ann_file: Path, tmp_path: Path) -> None:
    samples = [sample for sample in samples_of(truth) if VIDEOS[1] in sample['img_path']]
    (tmp_path / 'hard.txt').write_text('000002_mpii  # the second\n')
    for videos in ([VIDEOS[1]], str(tmp_path / 'hard.txt')):
        result = evaluate(metric(ann_file, videos=videos), samples)
        chosen = np.asarray([VIDEOS[1] in image['file_name'] for image in truth['images']])
        assert result == pytest.approx(prefixed(expected(ann_file, samples, True, chosen)))
    assert result['posetrack/AP'] > evaluate(metric(ann_file), samples)['posetrack/AP']


def test_metric__empty_subset_is_nan(truth, ann_file: Path) -> None:
    for image in truth['images']:
        image['degraded'] = False
    ann_file.write_text(json.dumps(truth), encoding='utf-8')
    result = evaluate(metric(ann_file, subset='degraded'), samples_of(truth))
    assert np.isnan(result['posetrack/AP_degraded'])
    assert result['posetrack/AP_not_degraded'] == result['posetrack/AP']


def test_metric__repeated_samples_count_once(truth, ann_file: Path) -> None:
    samples = samples_of(truth)
    once = evaluate(metric(ann_file), samples)
    assert evaluate(metric(ann_file), samples + samples[:7]) == once
    # Another id is another person: a duplicate detection costs precision.
    other = [sample | {'id': 900 + sample['id']} for sample in samples]
    assert evaluate(metric(ann_file), samples + other)['posetrack/AP'] < once['posetrack/AP']


def test_metric__order_of_samples_plays_no_role(truth, ann_file: Path) -> None:
    samples = samples_of(truth)
    for sample in samples:  # ties everywhere
        sample['pred_instances']['keypoint_scores'][:] = 0.5
        sample['gt_instances']['bbox_scores'][:] = 1
    assert evaluate(metric(ann_file), samples[::-1]) == evaluate(metric(ann_file), samples)


def test_metric__frames_are_found_by_video_and_number_not_by_position_or_id(
    truth, ann_file: Path
) -> None:
    samples = samples_of(truth)
    whole = evaluate(metric(ann_file), samples)
    renumbered = [sample | {'img_id': 9000 - sample['img_id']} for sample in samples]
    assert evaluate(metric(ann_file), renumbered) == whole
    truth['images'].reverse()
    ann_file.write_text(json.dumps(truth), encoding='utf-8')
    assert evaluate(metric(ann_file), samples)['posetrack/AP'] == pytest.approx(
        whole['posetrack/AP']
    )
    pathless = [
        {key: value for key, value in sample.items() if key != 'img_path'} for sample in samples
    ]
    assert evaluate(metric(ann_file), pathless)['posetrack/AP'] == pytest.approx(
        whole['posetrack/AP']
    )


def test_metric__reads_a_directory_of_2017_files(truth, ann_file: Path, tmp_path: Path) -> None:
    people = {image['id']: [] for image in truth['images']}
    for person in truth['annotations']:
        keypoints = np.reshape(person['keypoints'], (17, 3))[ORDER]
        points = [
            {'id': [j], 'x': [x], 'y': [y]} for j, (x, y, seen) in enumerate(keypoints) if seen
        ]
        people[person['image_id']].append(
            {
                'track_id': [0],
                'x1': [0],
                'y1': [0],
                'x2': [60],
                'y2': [80],
                'annopoints': [{'point': points}],
            }
        )
    for video in VIDEOS:
        entries = []
        for image in truth['images']:
            if video in image['file_name']:
                number = int(Path(image['file_name']).stem)
                entry = {
                    'image': [{'name': f'images/x/{video[:11]}/{number:08d}.jpg'}],
                    'annorect': people[image['id']],
                }
                if 'ignore_regions_x' in image:
                    corners = zip(
                        image['ignore_regions_x'][0], image['ignore_regions_y'][0], strict=True
                    )
                    entry['ignore_regions'] = [
                        {'point': [{'x': [x], 'y': [y]} for x, y in corners]}
                    ]
                entries.append(entry)
        path = tmp_path / 'older' / f'{video}_relpath_5sec_testsub.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({'annolist': entries}))
    samples = samples_of(truth)
    built = metric(tmp_path / 'older', out_dir=str(tmp_path / 'out'))
    result = evaluate(built, samples)
    assert result == evaluate(metric(ann_file), samples)
    names = sorted(path.name for path in (tmp_path / 'older').iterdir())
    for folder, form in (('out', 'annolist'), ('out/posetrack18', 'images')):
        written = sorted((tmp_path / folder).glob('*.json'))
        assert [path.name for path in written] == names
        assert all(form in json.loads(path.read_text()) for path in written)
        pair = read_pairs(tmp_path / 'older', tmp_path / folder)
        ap = posetrack_ap(pair[0].truth(), pair[1].predictions(), pair[0].ignored()).ap
        assert mean_over_joints(ap) == result['posetrack/AP']


def test_metric__tensors_are_accepted(truth, ann_file: Path) -> None:
    samples = samples_of(truth)
    whole = evaluate(metric(ann_file), samples)
    for sample in samples:
        predicted = sample['pred_instances']
        sample['pred_instances'] = {
            key: torch.from_numpy(value).requires_grad_() for key, value in predicted.items()
        }
    assert evaluate(metric(ann_file), samples) == whole


def test_metric__frames_without_predictions_cost_recall_only(truth, ann_file: Path) -> None:
    perfect = samples_of(truth)
    for sample, person in zip(perfect, truth['annotations'], strict=True):
        sample['pred_instances']['keypoints'] = np.reshape(person['keypoints'], (1, 17, 3))[..., :2]
    first = [sample for sample in perfect if VIDEOS[0] in sample['img_path']]
    result = evaluate(metric(ann_file, score_rule='keypoint'), first)
    reference = expected(ann_file, first, False)
    assert result['posetrack/AP'] == pytest.approx(reference['AP'])
    assert 20 < result['posetrack/AP'] < 60
    assert evaluate(metric(ann_file), [])['posetrack/AP'] == 0.0


def test_metric__written_predictions_evaluate_to_the_same_numbers(
    truth, ann_file: Path, tmp_path: Path
) -> None:
    for video in VIDEOS:
        images = [image for image in truth['images'] if video in image['file_name']]
        ids = {image['id'] for image in images}
        people = [person for person in truth['annotations'] if person['image_id'] in ids]
        path = tmp_path / 'val' / f'{video}.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(truth | {'images': images, 'annotations': people}))
    samples = samples_of(truth)[4:]  # the first two frames stay without prediction
    writer = metric(ann_file, out_dir=str(tmp_path / 'out'))
    writer.describe({'boxes': 'ground truth', 'protocol': 'no flip test'}, {'config': 'a.py'})
    result = evaluate(writer, samples)
    for folder in ('out', 'out/posetrack17'):
        written = sorted((tmp_path / folder).glob('*.json'))
        assert [path.name for path in written] == [f'{video}.json' for video in VIDEOS]
        pair = read_pairs(tmp_path / 'val', tmp_path / folder)
        ap = posetrack_ap(pair[0].truth(), pair[1].predictions(), pair[0].ignored()).ap
        assert mean_over_joints(ap) == result['posetrack/AP']
        info = json.loads(written[0].read_text())['info']
        assert info['boxes'] == 'ground truth'
        assert info['protocol'] == 'no flip test'
    assert sorted(json.loads(written[0].read_text())) == ['annolist', 'info', 'provenance']


def test_metric__frames_that_a_smaller_data_set_leaves_out_are_said(
    truth, ann_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', lambda text, *values: said.append(text % values))
    samples = samples_of(truth)
    evaluate(metric(ann_file), samples)
    assert not said
    images = {sample['img_id'] for sample in samples}
    half = sorted(images)[: len(images) // 2]
    evaluate(metric(ann_file), [sample for sample in samples if sample['img_id'] in half])
    assert f'only {len(half)} of {len(images)} frames with annotated persons have' in said[0]


def test_metric__predictions_never_replace_the_ground_truth(
    truth, ann_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / 'val' / f'{VIDEOS[0]}.json'
    file.parent.mkdir()
    file.write_text(json.dumps(truth))
    built = metric(ann_file, out_dir=str(file.parent))
    with pytest.raises(UsageError, match=f'{file} is there and holds no predictions made here'):
        evaluate(built, samples_of(truth))
    assert json.loads(file.read_text()) == truth


def kept_by_mmpose(ann_file: Path, samples: list[dict[str, Any]]) -> set[int]:
    """Which samples mmpose's metric for PoseTrack18 keeps by its own settings."""
    from mmpose.evaluation.metrics import CocoMetric

    kept: set[int] = set()

    class Kept(CocoMetric):
        def results2json(self, keypoints, outfile_prefix):
            kept.update(person['id'] for people in keypoints.values() for person in people)

    arguments = {'score_mode': 'bbox_keypoint', 'nms_mode': 'oks_nms', 'nms_thr': 0.9}
    built = Kept(str(ann_file), format_only=True, outfile_prefix='unused', **arguments)
    built.dataset_meta = {'num_keypoints': 17, 'sigmas': SIGMAS}
    built.process({}, samples)
    built.evaluate(len(samples))
    return kept


def test_metric__nms_is_that_of_mmpose(truth, ann_file: Path) -> None:
    samples, rng = samples_of(truth), np.random.default_rng(2)
    for sample in samples:
        sample['pred_instances']['keypoint_scores'][0, 5:] *= 0.25  # most below 0.2 say nothing
        sample['gt_instances']['bbox_scales'] = rng.uniform(20, 400, (1, 2))
    near = []
    for sample in samples:
        keypoints = sample['pred_instances']['keypoints'] + rng.normal(0, 8, (1, 17, 2))
        scores = rng.random((1, 17)).astype(np.float32)
        predicted = {'keypoints': keypoints, 'keypoint_scores': scores}
        near.append(sample | {'id': 900 + sample['id'], 'pred_instances': predicted})
    both = samples + near
    kept = kept_by_mmpose(ann_file, both)
    chosen = [sample for sample in both if sample['id'] in kept]
    assert len(samples) < len(chosen) < len(both)
    assert {sample['id'] >= 900 for sample in both if sample['id'] not in kept} == {True, False}
    expected_result = evaluate(metric(ann_file, score_rule='keypoint'), chosen)
    assert evaluate(metric(ann_file, score_rule='keypoint', nms=0.9), both) == expected_result
    assert evaluate(metric(ann_file, score_rule='keypoint'), both) != expected_result


def test_metric__every_number_names_its_boxes(truth, ann_file: Path) -> None:
    built = metric(ann_file, boxes=None, subset='degraded')
    built.describe({'boxes': 'detections.json, score >= 0.2', 'protocol': 'released-fami'})
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())
    current = MMLogger.get_current_instance()
    current.addHandler(handler)
    try:
        evaluate(built, samples_of(truth))
    finally:
        current.removeHandler(handler)
    table = records[-1].splitlines()
    assert (
        'boxes: detections.json, score >= 0.2 | score: keypoint*box | protocol: released-fami'
        in table[0]
    )
    assert table[1].split() == [
        'frames',
        'count',
        'AP',
        'Head',
        'Shoulder',
        'Elbow',
        'Wrist',
        'Hip',
        'Knee',
        'Ankle',
    ]
    assert [line.split()[:-9] for line in table[2:]] == [['all'], ['degraded'], ['not', 'degraded']]


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('name', ['keypoints', 'keypoint_scores'])
def test_metric__predictions_must_be_finite(truth, ann_file: Path, name: str, value: float) -> None:
    sample = samples_of(truth)[5]
    sample['pred_instances'][name].flat[4] = value
    with pytest.raises(ValueError, match=r'000001_bonn_val/000002\.jpg: expected finite'):
        metric(ann_file).process({}, [sample])


def test_metric__number_of_joints_must_be_that_of_the_data_set(truth, ann_file: Path) -> None:
    built = metric(ann_file)
    built.dataset_meta = {'keypoint_id2name': dict(enumerate(JOINT_NAMES))}
    with pytest.raises(ValueError, match=r'expected keypoints \(N, 15, 2\).*got \(1, 17, 2\)'):
        built.process({}, samples_of(truth)[:1])


def test_metric__image_of_another_split_is_named(truth, ann_file: Path) -> None:
    sample = samples_of(truth)[0] | {'img_path': 'images/train/000009_mpii_train/000003.jpg'}
    with pytest.raises(
        ValueError, match=r'000009_mpii_train/000003\.jpg: expected a frame of the gr'
    ):
        metric(ann_file).process({}, [sample])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'boxes': ' '}, 'boxes: expected the source of the boxes'),
        ({'score_rule': 'box'}, 'score_rule: expected one of'),
        ({'nms': 0}, 'nms: expected an OKS above 0'),
        ({'videos': ['000001_bonn', '000009_mpii']}, r"videos: .*got unknown \['000009_mpii'\]"),
        ({'subset': 'blurred'}, r"000000\.jpg: .*'blurred'.*got \['degraded'\]"),
        ({'subset': ['degraded', 'not_dark']}, r"000000\.jpg: .*'dark'.*got \['degraded'\]"),
    ],
)
def test_metric__arguments_are_checked(ann_file: Path, arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric(ann_file, **arguments)


def test_metric__offline_boxes_are_a_statement_and_a_run_says_what_it_read(
    ann_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', lambda text, *values: said.append(text % values))
    assert metric(ann_file, boxes=None).label == {'boxes': 'not stated', 'protocol': 'not stated'}
    assert metric(ann_file, boxes='a.json').label['boxes'] == 'a.json (stated by the caller)'
    read = {'boxes': 'a.json (a detector), score >= 0.2', 'protocol': 'no flip test'}
    for stated in ('a.json, score >= 0.2', read['boxes'], None):
        built = metric(ann_file, boxes=stated)
        built.describe(read)
        assert built.label == read
    for stated in ('gt', 'GT', 'ground truth'):
        metric(ann_file, boxes=stated).describe({'boxes': 'ground truth', 'protocol': ''})
    assert said == []
    for stated in ('a.json', 'b.json, score >= 0.2', 'ground truth', 'a.json, score >= 0.4'):
        built = metric(ann_file, boxes=stated)
        built.describe(read)
        assert built.label == read
        assert f'the statement {stated!r} is not used' in said.pop()


def test_metric__a_typed_protocol_is_refused(ann_file: Path) -> None:
    with pytest.raises(UsageError, match='read off the config'):
        metric(ann_file, protocol='no flip test')


def test_metric__missing_head_box_stops_before_training(truth, ann_file: Path) -> None:
    del truth['annotations'][3]['bbox_head']
    ann_file.write_text(json.dumps(truth), encoding='utf-8')
    with pytest.raises(ValueError, match=r'000001_bonn_val/000001\.jpg: expected a head box'):
        metric(ann_file)


def test_metric__two_frames_of_one_video_and_number_are_refused(truth, ann_file: Path) -> None:
    folder = Path(truth['images'][0]['file_name']).parent
    truth['images'][1]['file_name'] = f'{folder}/00000000.png'
    ann_file.write_text(json.dumps(truth), encoding='utf-8')
    with pytest.raises(ValueError, match='expected one frame for each video and number'):
        metric(ann_file)


def test_metric__says_that_dataset_meta_is_missing(ann_file: Path, truth: dict[str, Any]) -> None:
    built = METRICS.build({'type': 'jmpose_mm.PoseTrackAPMetric', 'ann_file': str(ann_file)})
    with pytest.raises(UsageError, match=r'dataset_meta .* set dataset_meta .* dataset\.metainfo'):
        built.process({}, samples_of(truth))


def test_metric__is_unmoved_by_scribbling_and_repeats_itself(
    ann_file: Path, truth: dict[str, Any]
) -> None:
    built, given = metric(ann_file, subset='degraded'), samples_of(truth)
    wanted = evaluate(metric(ann_file, subset='degraded'), samples_of(truth))
    built.process({}, given)
    for one in given:
        scribble(one['pred_instances'])
        scribble(one['gt_instances'])
    first = built.evaluate(len(given))
    assert first == pytest.approx(wanted, nan_ok=True)
    scribble(first)
    assert evaluate(built, samples_of(truth)) == pytest.approx(wanted, nan_ok=True)
