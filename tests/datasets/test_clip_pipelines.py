"""The pipelines of the configs on small videos with a dot at the nose of everybody."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from jmpose_mm.datasets.body import PoseTrackClipDataset, SyntheticClipDataset

CONFIGS = Path(__file__).parents[2] / 'configs'
SIZE = (200, 150)
FRAMES = 8
NOSES = ((70.0, 60.0), (130.0, 90.0))
DOT = (0, 0, 255)


@pytest.fixture(autouse=True)
def _scope() -> None:
    init_default_scope('mmpose')


def a_frame(number: int) -> np.ndarray:
    """Grey of its own, a dot of 5 x 5 pixels at each nose; PNG keeps it exactly."""
    frame = np.full((SIZE[1], SIZE[0], 3), 60 + 10 * number, np.uint8)
    for x, y in NOSES:
        frame[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3] = DOT
    return frame


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A video of eight frames, two persons in each, who stand still."""
    folder = tmp_path / 'images/val/000001_bonn_val'
    folder.mkdir(parents=True)
    images, persons = [], []
    for number in range(FRAMES):
        assert cv2.imwrite(str(folder / f'{number:06d}.png'), a_frame(number))
        name = f'images/val/000001_bonn_val/{number:06d}.png'
        images.append({'id': number, 'file_name': name, 'width': SIZE[0], 'height': SIZE[1]})
        for track, (x, y) in enumerate(NOSES):
            joints = [[x, y, 1]] + [[x + 3.0 * (k % 4 - 2), y + 2.0 * k, 1] for k in range(1, 17)]
            persons.append(
                {
                    'id': 2 * number + track,
                    'image_id': number,
                    'category_id': 1,
                    'track_id': track,
                    'bbox': [x - 18, y - 10, 36.0, 50.0],
                    'keypoints': np.ravel(joints).tolist(),
                }
            )
    (tmp_path / 'annotations.json').write_text(
        json.dumps({'images': images, 'annotations': persons})
    )
    return tmp_path


def pipeline_of(name: str, **sampling: object) -> list[dict]:
    """A pipeline of the PoseTrack18 config, with other arguments of the frames' choice."""
    found = Config.fromfile(CONFIGS / '_base_/datasets/posetrack18-clips.py')[name]
    pipeline = [step.to_dict() for step in found]
    pipeline[0].update(sampling)
    return pipeline


def built(root: Path, pipeline: list[dict], **kwargs: object) -> PoseTrackClipDataset:
    return PoseTrackClipDataset(
        ann_file='annotations.json', data_root=str(root), pipeline=pipeline, **kwargs
    )


def dot_in(crop: torch.Tensor) -> np.ndarray:
    """Centre (x, y) of the red pixels of a (3, H, W) BGR crop nearest to its centre of columns."""
    red = (crop[2].float() - crop[1].float()).clamp(min=0).numpy()
    _, labels, _, centres = cv2.connectedComponentsWithStats((red > 100).astype(np.uint8))
    assert labels.max() >= 1
    return centres[1:]


@pytest.mark.parametrize('warp', ['classic', 'released'])
def test_training__frames_are_augmented_alike_and_joints_follow(root: Path, warp: str) -> None:
    pipeline = pipeline_of('train_pipeline', copies_of_key=True)
    pipeline[6].update(warp=warp)
    pipeline[-1]['meta_keys'] = ('flip', 'input_scale')
    pipeline[-1]['pack_transformed'] = True
    data = built(root, pipeline)
    flips, widths, inside = set(), set(), 0
    for seed in range(16):
        np.random.seed(seed)
        sample = data[seed % 2]
        inputs, meta = sample['inputs'], sample['data_samples']
        assert inputs.shape == (5, 3, 384, 288)
        assert inputs.dtype == torch.uint8
        assert (inputs == inputs[2]).all()
        flips.add(bool(meta.flip))
        widths.add(float(meta.input_scale[0]))
        weight = float(meta.gt_instance_labels.keypoint_weights[0, 0])
        nose = meta.gt_instances.transformed_keypoints[0, 0]
        assert weight == float((nose >= 0).all() and nose[0] <= 288 and nose[1] <= 384)
        if weight and 40 < nose[0] < 248 and 40 < nose[1] < 344:
            inside += 1
            # the dot is found where the joint is, to half a pixel
            assert np.abs(dot_in(inputs[2]) - nose).max(axis=1).min() < 0.5
            peak = meta.gt_fields.heatmaps[0].flatten().argmax().item()
            assert np.abs(np.array([peak % 72, peak // 72]) - nose / 4).max() <= 0.5
    assert flips == {True, False}
    assert len(widths) > 4
    assert inside >= 8


def test_training__different_frames_go_through_one_map(root: Path) -> None:
    data = built(root, pipeline_of('train_pipeline'))
    np.random.seed(3)
    inputs = data[6]['inputs'].int()  # key frame 3: frames 1 to 5, 10 grey values apart
    red = (inputs[:, 2] - inputs[:, 1]).clamp(min=0) > 30
    assert red[2].any()
    for t in range(5):
        assert (red[t] == red[2]).float().mean() > 0.999
    border = (inputs == 0).all(dim=1)
    assert (border == border[2]).all()
    blue = inputs[:, 0].amax(dim=(1, 2))
    assert blue.tolist() == [70, 80, 90, 100, 110]


def test_test_pipeline__is_the_same_every_time_and_in_workers(root: Path) -> None:
    data = built(root, pipeline_of('test_pipeline'), test_mode=True, indices=4)
    loader = DataLoader(data, batch_size=None, num_workers=1, collate_fn=lambda sample: sample)
    loaded = list(loader)
    assert len(loaded) == 4
    for index, other in enumerate(loaded):
        sample = data[index]
        assert torch.equal(sample['inputs'], other['inputs'])
        assert torch.equal(sample['inputs'], data[index]['inputs'])
        assert sample['data_samples'].frame_paths == other['data_samples'].frame_paths
        assert sample['data_samples'].img_id == index // 2


def test_distance__support_frames_are_drawn_anew_for_every_epoch(root: Path) -> None:
    offsets = dict(frame_offsets=(-1, 0, 1))
    random = built(root, pipeline_of('test_pipeline', distance=3, **offsets), test_mode=True)
    fixed = built(root, pipeline_of('test_pipeline', **offsets), test_mode=True)
    np.random.seed(0)
    drawn = {random[8]['data_samples'].frame_offsets for _ in range(40)}
    # key frame 4: each side has three candidates
    assert len(drawn) == 9
    assert {fixed[8]['data_samples'].frame_offsets for _ in range(5)} == {(-1, 0, 1)}


@pytest.mark.parametrize(
    ('border', 'expected'), [('clamp', [0, 0, 1, 2, 3]), ('released', [0, 1, 1, 2, 3])]
)
def test_border__second_frame_of_a_video(root: Path, border: str, expected: list[int]) -> None:
    data = built(root, pipeline_of('test_pipeline', border=border), test_mode=True)
    paths = data[2]['data_samples'].frame_paths
    assert [int(Path(path).stem) for path in paths] == expected


def test_epoch__every_frame_is_decoded_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    original = mmcv.imfrombytes
    monkeypatch.setattr(
        mmcv, 'imfrombytes', lambda content: (decoded.append(len(content)), original(content))[1]
    )
    data = built(root, pipeline_of('test_pipeline'), test_mode=True)
    assert len([data[i] for i in range(len(data))]) == 2 * FRAMES
    # 16 samples of five frames each
    assert len(decoded) == FRAMES


def test_building__leaves_the_callers_configuration_alone(root: Path) -> None:
    pipeline, prefix = pipeline_of('train_pipeline'), dict(img='')
    before = copy.deepcopy(pipeline)
    data = built(root, pipeline, data_prefix=prefix)
    assert data[0]['inputs'].shape[0] == 5
    assert pipeline == before
    assert prefix == dict(img='')


def test_truncated_image__is_named(root: Path) -> None:
    path = root / 'images/val/000001_bonn_val/000003.png'
    path.write_bytes(b'')
    data = built(root, pipeline_of('test_pipeline'), test_mode=True)
    with pytest.raises(ValueError, match=f'{path}: expected an image'):
        data[4]


def test_single_joint__can_be_trained_on(root: Path) -> None:
    # PoseTrack17's box of one joint is 1.2 pixels wide; the released warp divides by width - 1
    point = {'id': [13], 'x': [70.0], 'y': [60.0]}
    frame = {
        'image': [{'name': 'images/val/000001_bonn_val/000003.png'}],
        'annorect': [{'annopoints': [{'point': [point]}]}],
    }
    (root / 'annotations.json').write_text(json.dumps({'annolist': [frame]}))
    pipeline = pipeline_of('train_pipeline')
    pipeline[5]['scale_factor'] = 0.9
    data = built(root, pipeline)
    np.random.seed(0)
    widths = []
    for _ in range(12):
        sample = data[0]['data_samples']
        widths.append(float(sample.input_scale[0]))
        assert sample.input_scale[1] == pytest.approx(sample.input_scale[0] * 4 / 3)
    # 1.2 * 1.25 = 1.5 pixels, from 0.1 to 1.9 times that
    assert min(widths) == 2.0
    assert max(widths) == pytest.approx(2.85, rel=1e-5)


def test_inference__mmposes_own_with_one_image(root: Path) -> None:
    from mmpose.apis import inference_topdown, init_model

    config = CONFIGS / 'jm_pose/jm-pose_resnet18_1xb8_synthetic-128x96.py'
    torch.manual_seed(0)
    model = init_model(str(config), None, device='cpu')
    boxes = np.array([[50, 45, 90, 105], [110, 75, 150, 135]], dtype=np.float32)
    path = root / 'images/val/000001_bonn_val/000003.png'
    by_array = inference_topdown(model, cv2.imread(str(path)), boxes)
    by_path = inference_topdown(model, str(path), boxes)
    assert len(by_array) == len(by_path) == 2
    for one, other in zip(by_array, by_path, strict=True):
        assert one.pred_instances.keypoints.shape == (1, 17, 2)
        np.testing.assert_array_equal(one.pred_instances.keypoints, other.pred_instances.keypoints)
        assert np.isfinite(one.pred_instances.keypoint_scores).all()


def test_synthetic__is_rendered_on_first_use_and_then_reused(tmp_path: Path) -> None:
    config = Config.fromfile(CONFIGS / '_base_/datasets/synthetic-clips.py')
    out = tmp_path / 'synthetic'
    settings = dict(videos_train=1, videos_val=1, frames=5, size=(96, 72))
    kwargs = dict(
        data_root=str(out),
        ann_file='annotations/posetrack18_val.json',
        preset='demo',
        settings=settings,
        test_mode=True,
    )
    data = SyntheticClipDataset(pipeline=config.test_pipeline, **kwargs)
    assert data[0]['inputs'].shape == (5, 3, 128, 96)
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    assert sum(path.suffix == '.jpg' for path in times) == 10
    again = SyntheticClipDataset(**kwargs)
    assert len(again) == len(data)
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == times
    # other settings are other data, and what is there may be another data set's
    with pytest.raises(FileExistsError, match='choose another folder'):
        SyntheticClipDataset(**{**kwargs, 'seed': 1})
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == times
    assert len(SyntheticClipDataset(**{**kwargs, 'seed': 1, 'data_root': str(tmp_path / 'b')}))


def test_coinciding_joints__half_of_a_body_without_extent_is_cropped(root: Path) -> None:
    # the half body's box spans its joints: three or more at one place span nothing
    annotations = json.loads((root / 'annotations.json').read_text())
    annotations['annotations'] = annotations['annotations'][:1]
    annotations['annotations'][0]['keypoints'] = [70.0, 60.0, 1] * 17
    (root / 'annotations.json').write_text(json.dumps(annotations))
    pipeline = pipeline_of('train_pipeline')
    pipeline[4]['prob'] = 1.0
    sample = built(root, pipeline)[0]['data_samples']
    assert sample.input_scale.tolist() == pytest.approx([2.0, 8 / 3])
