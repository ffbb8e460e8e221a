"""From the files of real PoseTrack videos to packed clips, in both generations' layouts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.models.data_preprocessors import ClipDataPreprocessor

DATA = Path(__file__).resolve().parents[3] / 'shared' / 'data' / 'mini_posetrack'
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f'no real frames in {DATA}')

CODEC = dict(type='MSRAHeatmap', input_size=(144, 192), heatmap_size=(36, 48), sigma=2)
KEYS = ('id', 'img_id', 'img_path', 'frame_paths', 'frame_offsets', 'video', 'frame_number')
POSETRACK18 = dict(ann_file='annotations/posetrack18_train.json')
POSETRACK17 = dict(ann_file='annotations_pt17/train', data_prefix=dict(img='pt17_images'))


def pipeline(training: bool, **sampling: object) -> list[dict]:
    augmentation = [
        dict(type='RandomFlip', direction='horizontal'),
        dict(type='RandomHalfBody', min_total_keypoints=9, min_upper_keypoints=3, padding=1.5),
        dict(type='jmpose_mm.RandomClipScaleRotation'),
    ]
    target = [
        dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
        dict(type='GenerateTarget', encoder=CODEC),
    ]
    return [
        dict(type='jmpose_mm.SampleSupportFrames', **sampling),
        dict(type='jmpose_mm.LoadClip', cache_frames=8),
        dict(type='GetBBoxCenterScale', padding=1.25),
        *(augmentation if training else []),
        dict(type='jmpose_mm.TopdownClipAffine', input_size=(144, 192), warp='released'),
        *(target if training else []),
        dict(type='PackPoseInputs', meta_keys=KEYS, pack_transformed=training),
    ]


def load(training: bool, sampling: dict | None = None, **kwargs: object) -> PoseTrackClipDataset:
    with DefaultScope.overwrite_default_scope('mmpose'):
        return PoseTrackClipDataset(
            data_root=str(DATA), pipeline=pipeline(training, **(sampling or {})), **kwargs
        )


def numbers(sample: object) -> list[int]:
    return [int(Path(path).stem) for path in sample.frame_paths]


@pytest.mark.parametrize(('layout', 'start'), [(POSETRACK18, 0), (POSETRACK17, 1)])
def test_training__targets_peak_on_the_crops_keypoints(layout: dict, start: int) -> None:
    np.random.seed(0)
    data = load(training=True, **layout)
    assert len(data) == 152
    for index in range(0, 152, 30):
        packed = data[index]
        sample = packed['data_samples']
        assert packed['inputs'].shape == (5, 3, 192, 144)
        assert packed['inputs'].dtype == torch.uint8
        # frames that differ, but look alike: neighbours of one video in one crop
        frames = packed['inputs'].float()
        assert (frames[2] - frames[1]).abs().mean() < 30
        assert sample.frame_offsets == (-2, -1, 0, 1, 2)
        assert numbers(sample)[2] == sample.frame_number == index // 2 + start
        weights = sample.gt_instance_labels.keypoint_weights[0]
        points = sample.gt_instances.transformed_keypoints[0]
        assert weights.sum() > 0
        for joint in np.flatnonzero(weights):
            heatmap = sample.gt_fields.heatmaps[joint]
            row, column = divmod(int(heatmap.argmax()), heatmap.shape[1])
            assert np.abs(points[joint] / 4 - (column, row)).max() <= 0.5 + 1e-4


def test_generations__give_the_same_keypoints() -> None:
    first, second = load(False, **POSETRACK18), load(False, **POSETRACK17)
    for index in range(0, 152, 17):
        a, b = first.get_data_info(index), second.get_data_info(index)
        assert a['frame_number'] == b['frame_number'] - 1
        assert a['track_id'] == b['track_id']
        np.testing.assert_allclose(a['keypoints'], b['keypoints'], atol=1e-3)
        np.testing.assert_array_equal(a['keypoints_visible'], b['keypoints_visible'])


def test_files__merged_and_one_for_each_video_agree() -> None:
    merged = load(False, ann_file='annotations/posetrack18_val.json', test_mode=True)
    official = load(False, ann_file='annotations/val', test_mode=True)
    assert len(merged) == len(official) == 164
    for index in range(0, 164, 20):
        a, b = merged[index], official[index]
        assert a['data_samples'].id == b['data_samples'].id
        assert a['inputs'].equal(b['inputs'])


def test_detections__ids_and_names_lead_to_the_same_frames(tmp_path: Path) -> None:
    boxes = DATA / 'annotations' / 'posetrack18_val_human_detections.json'
    content = json.loads(boxes.read_text())
    released = []
    for box in content:
        number = int(Path(box['image_name']).stem) + 1
        name = f'bonn_5sec/060470979_bonn_test/{number:08d}.jpg'
        kept = {key: box[key] for key in ('category_id', 'bbox', 'score', 'nframes')}
        released.append(kept | {'image_name': name, 'frame_id': number})
    (tmp_path / 'val_boxes.json').write_text(json.dumps(released))
    kwargs = dict(bbox_score_threshold=0.2, test_mode=True)
    by_id = load(False, ann_file='annotations/posetrack18_val.json', bbox_file=str(boxes), **kwargs)
    by_name = load(
        False,
        ann_file='annotations_pt17/val',
        data_prefix=dict(img='pt17_images'),
        bbox_file=str(tmp_path / 'val_boxes.json'),
        **kwargs,
    )
    assert len(by_id) == len(by_name) == sum(box['score'] >= 0.2 for box in content)
    for index in range(0, len(by_id), 37):
        a, b = by_id[index], by_name[index]
        assert numbers(a['data_samples']) == [n - 1 for n in numbers(b['data_samples'])]
        assert a['inputs'].equal(b['inputs'])
        scores = a['data_samples'].gt_instances.bbox_scores
        np.testing.assert_allclose(scores, [content[a['data_samples'].id]['score']])


def test_epochs__differ_in_training_and_not_in_testing() -> None:
    np.random.seed(1)
    drawn = load(True, sampling=dict(distance=4), **POSETRACK18)
    epochs = [[numbers(drawn[k]['data_samples']) for k in (40, 60, 80)] for _ in range(2)]
    assert epochs[0] != epochs[1]
    fixed = load(False, test_mode=True, **POSETRACK18)
    first, second = fixed[40], fixed[40]
    assert numbers(first['data_samples']) == numbers(second['data_samples']) == [18, 19, 20, 21, 22]
    assert first['inputs'].equal(second['inputs'])


@pytest.mark.parametrize('start', ['fork', 'spawn'])
def test_loader__workers_give_what_the_main_process_gives(start: str) -> None:
    data = load(False, test_mode=True, indices=6, **POSETRACK18)
    loader = DataLoader(
        data,
        batch_size=3,
        num_workers=1,
        collate_fn=pseudo_collate,
        multiprocessing_context=start,
    )
    batches = list(loader)
    assert [len(batch['inputs']) for batch in batches] == [3, 3]
    for index, clip in enumerate(clip for batch in batches for clip in batch['inputs']):
        assert clip.equal(data[index]['inputs'])
    inputs = ClipDataPreprocessor()(batches[0])['inputs']
    assert inputs.shape == (3, 5, 3, 192, 144)
    assert -2.2 < float(inputs.min()) < float(inputs.max()) < 2.7
