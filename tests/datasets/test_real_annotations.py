"""Real PoseTrack frames and their real annotations through the pipelines of the configs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
MINI = ROOT.parent / 'shared' / 'data' / 'mini_posetrack'
SAMPLES = ROOT.parent / 'shared' / 'data' / 'mmpose_posetrack18'
PT17 = 'annotations_pt17/val/060470979_bonn_relpath_5sec_testsub.json'

real = pytest.mark.skipif(
    not MINI.is_dir(), reason='the real PoseTrack frames (mini_posetrack) are not here'
)


@pytest.fixture(autouse=True)
def _scope() -> None:
    init_default_scope('mmpose')


def dataset(
    ann_file: str, pipeline: str, root: Path = MINI, copies: bool = False, **kwargs
) -> PoseTrackClipDataset:
    config = Config.fromfile(ROOT / 'configs/_base_/datasets/posetrack18-clips.py')
    config[f'{pipeline}_pipeline'][0].copies_of_key = copies
    return PoseTrackClipDataset(
        ann_file=ann_file, data_root=str(root), pipeline=config[f'{pipeline}_pipeline'], **kwargs
    )


def posetrack17(pipeline: str, **kwargs) -> PoseTrackClipDataset:
    return dataset(PT17, pipeline, data_prefix=dict(img='pt17_images'), **kwargs)


def check_clip(sample: dict) -> None:
    inputs, meta = sample['inputs'], sample['data_samples']
    assert inputs.shape == (5, 3, 384, 288)
    assert inputs.dtype == torch.uint8
    assert inputs.float().std() > 5
    numbers = [int(Path(path).stem) for path in meta.frame_paths]
    assert numbers == sorted(numbers)
    assert meta.frame_paths[2] == meta.img_path
    assert max(numbers) - min(numbers) <= 4
    # neighbouring frames look alike: two frames apart they differ less than two different crops
    near = (inputs[2].float() - inputs[3].float()).abs().mean()
    far = (inputs[2].float() - inputs[2].float().flip(1)).abs().mean()
    assert near < far


@real
@pytest.mark.parametrize(
    ('ann_file', 'count'),
    [
        ('annotations/posetrack18_train.json', 152),
        ('annotations/train/000001_bonn_train.json', 152),
        ('annotations/train', 152),
        ('annotations/val', 164),
    ],
)
def test_posetrack18__ground_truth_merged_and_per_video(ann_file: str, count: int) -> None:
    data = dataset(ann_file, 'train')
    assert len(data) == count
    np.random.seed(0)
    for index in (0, 1, count // 2, count - 1):
        sample = data[index]
        check_clip(sample)
        fields, labels = sample['data_samples'].gt_fields, sample['data_samples'].gt_instance_labels
        weights = labels.keypoint_weights[0]
        assert fields.heatmaps.shape == (17, 96, 72)
        # a target where a joint counts, and ears never do
        peaks = fields.heatmaps.amax(dim=(1, 2))
        assert (peaks[weights > 0] > 0).all()
        assert weights.sum() >= 3
        assert not weights[3:5].any()


@real
def test_posetrack18__detections_below_the_threshold_are_left_out() -> None:
    name = 'annotations/posetrack18_val_human_detections.json'
    scores = np.array([entry['score'] for entry in json.loads((MINI / name).read_text())])
    for threshold in (0.2, 0.9):
        data = dataset(
            'annotations/posetrack18_val.json',
            'test',
            bbox_file=str(MINI / name),
            bbox_score_threshold=threshold,
            test_mode=True,
        )
        assert len(data) == int((scores >= threshold).sum())
    assert 0 < len(data) < len(scores)
    check_clip(data[0])


@real
def test_posetrack17__the_same_people_as_in_posetrack18() -> None:
    new, old = dataset('annotations/val', 'test', test_mode=True), posetrack17('train')
    assert len(new) == len(old) == 164
    np.random.seed(0)
    check_clip(old[0])
    by_frame: dict[int, list[np.ndarray]] = {}
    for index in range(len(new)):
        info = new.get_data_info(index)
        by_frame.setdefault(info['frame_number'], []).append(info['keypoints'][0])
    for index in range(len(old)):
        info = old.get_data_info(index)
        # counted from 1 there and from 0 here; each person of 2018 is one of 2017, joint by joint
        others = by_frame[info['frame_number'] - 1]
        labelled = info['keypoints_visible'][0] > 0
        gaps = [np.abs(other - info['keypoints'][0])[labelled].max() for other in others]
        assert min(gaps) < 2


@real
def test_posetrack17__detections_by_image_name(tmp_path: Path) -> None:
    name = MINI / 'annotations/posetrack18_val_human_detections.json'
    entries = json.loads(name.read_text())
    # as they are, their names count from 0 and must not be taken for others
    with pytest.raises(ValueError, match='205 detections of unknown images'):
        posetrack17('test', bbox_file=str(name), test_mode=True)
    for entry in entries:
        path = Path(entry['image_name'])
        entry['image_name'] = f'images/bonn_5sec/{path.parent.name}/{int(path.stem) + 1:08d}.jpg'
    renamed = tmp_path / 'val_boxes.json'
    renamed.write_text(json.dumps(entries))
    kwargs = dict(bbox_score_threshold=0.2, test_mode=True)
    old = posetrack17('test', bbox_file=str(renamed), **kwargs)
    new = dataset('annotations/posetrack18_val.json', 'test', bbox_file=str(name), **kwargs)
    assert len(old) == len(new) > 100
    for index in (0, 57, len(new) - 1):
        one, other = old[index], new[index]
        check_clip(one)
        # two encodings of the same frames
        assert (one['inputs'].float() - other['inputs'].float()).abs().mean() < 3
        bboxes = [s['data_samples'].gt_instances.bboxes for s in (one, other)]
        np.testing.assert_array_equal(*bboxes)


@pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="mmpose's PoseTrack18 samples (mmpose_posetrack18) are not here"
)
def test_mmposes_samples__single_frames_of_three_videos() -> None:
    with pytest.raises(UsageError, match='14 of 14 samples have windows made of copies'):
        dataset('annotations/test_posetrack18_val.json', 'train', SAMPLES)
    data = dataset('annotations/test_posetrack18_val.json', 'train', SAMPLES, copies=True)
    assert len(data) == 14
    assert len(dataset('annotations/val', 'test', SAMPLES, copies=True)) == 14
    np.random.seed(0)
    sample = data[0]
    # the only frame on disk stands for its neighbours
    assert (sample['inputs'] == sample['inputs'][2]).all()
    boxes = str(SAMPLES / 'annotations/test_posetrack18_human_detections.json')
    detected = dataset(
        'annotations/test_posetrack18_val.json',
        'test',
        SAMPLES,
        copies=True,
        bbox_file=boxes,
        test_mode=True,
    )
    assert len(detected) > 14
    assert detected[0]['inputs'].shape == (5, 3, 384, 288)
