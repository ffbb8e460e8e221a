"""Runs through the pipelines of the configs: what each window would have seen by itself."""

from __future__ import annotations

import json
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmengine.registry import FUNCTIONS, init_default_scope
from torch.utils.data import DataLoader

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.datasets.runs import Run, collate_runs
from jmpose_mm.datasets.samplers import RunBatchSampler
from jmpose_mm.errors import UsageError
from jmpose_mm.models.layers.window_gathering import gather_windows
from jmpose_mm.structures import SharedCrops

CONFIGS = Path(__file__).parents[2] / 'configs'
SIZE = (320, 240)
FRAMES = 9
# x of the box by frame: who stands, who walks and grows, and who jumps
TRACKS = {
    0: [(90, 60)] * FRAMES,
    1: [(80 + 4 * f, 60 + f) for f in range(FRAMES)],
    2: [(90 + 60 * (f % 2), 60) for f in range(FRAMES)],
}


@pytest.fixture(autouse=True)
def _scope() -> None:
    init_default_scope('mmpose')


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of smooth frames that differ; the first of three persons lacks frames 2 and 3."""
    root = tmp_path_factory.mktemp('runs')
    folder = root / 'images/val/000001_bonn_val'
    folder.mkdir(parents=True)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float64)
    images, persons = [], []
    for number in range(FRAMES):
        waves = [128 + 90 * np.sin(x / (17 + c) + y / 23 + 0.5 * number + c) for c in range(3)]
        assert cv2.imwrite(str(folder / f'{number:06d}.png'), np.stack(waves, -1).astype(np.uint8))
        name = f'images/val/000001_bonn_val/{number:06d}.png'
        images.append({'id': number, 'file_name': name, 'width': SIZE[0], 'height': SIZE[1]})
        for track, places in TRACKS.items():
            if track == 0 and number in (2, 3):
                continue
            left, top = places[number]
            high = 90.0 + (2 * number if track == 1 else 0)
            joints = [[left + 3.0 * k, top + high / 17 * k, 1] for k in range(17)]
            persons.append(
                {
                    'id': len(persons),
                    'image_id': number,
                    'category_id': 1,
                    'track_id': track,
                    'bbox': [float(left), float(top), 0.6 * high, high],
                    'keypoints': np.ravel(joints).tolist(),
                }
            )
    (root / 'annotations.json').write_text(json.dumps({'images': images, 'annotations': persons}))
    return root


def dataset(root: Path, name: str = 'train_pipeline', **sampling: object) -> PoseTrackClipDataset:
    """With the augmentation of the PoseTrack18 config at 256 x 192."""
    found = Config.fromfile(CONFIGS / '_base_/datasets/posetrack18-clips-256x192.py')[name]
    steps = [step.to_dict() for step in found]
    steps[0].update(sampling)
    return PoseTrackClipDataset(ann_file='annotations.json', data_root=str(root), pipeline=steps)


def samples_by_frame(data: PoseTrackClipDataset, track: int) -> dict[int, int]:
    infos = [data.get_data_info(i) for i in range(len(data))]
    return {x['frame_number']: i for i, x in enumerate(infos) if x['track_id'] == track}


def seeded(data: PoseTrackClipDataset, item: int | Run, seed: int) -> dict:
    np.random.seed(seed)
    random.seed(seed)
    torch.manual_seed(seed)
    return data[item]


def run_of(data: PoseTrackClipDataset, track: int, frames: tuple[int, ...], crop='frame') -> Run:
    found = samples_by_frame(data, track)
    keys = tuple(found[f] for f in frames)
    return Run(keys, tuple(i for f, i in found.items() if f not in frames), crop)


def windows(inputs: SharedCrops) -> torch.Tensor:
    return gather_windows(inputs.images.float(), inputs)


def assert_same_targets(one, other) -> None:
    assert torch.equal(one.gt_fields.heatmaps, other.gt_fields.heatmaps)
    assert torch.equal(
        one.gt_instance_labels.keypoint_weights, other.gt_instance_labels.keypoint_weights
    )
    assert list(one.frame_paths) == list(other.frame_paths)
    assert one.frame_offsets == other.frame_offsets


@pytest.mark.parametrize('crop', ['frame', 'run'])
@pytest.mark.parametrize('seed', range(3))
def test_still_boxes__every_window_sees_what_it_would_alone(root: Path, seed: int, crop: str):
    data = dataset(root)
    made = seeded(data, run_of(data, 0, (4, 5, 6, 7), crop), seed)
    assert len(made['inputs'].images) == 7  # frames 2 to 8, of which two have no box
    seen = windows(made['inputs'])
    for place, key in enumerate(run_of(data, 0, (4, 5, 6, 7)).keys):
        alone = seeded(data, key, seed)
        assert torch.equal(seen[place], alone['inputs'].float())
        assert_same_targets(made['data_samples'][place], alone['data_samples'])


@pytest.mark.parametrize('seed', range(5))
def test_walking__moved_crops_are_the_window_but_for_interpolation(root: Path, seed: int) -> None:
    data = dataset(root)
    run = run_of(data, 1, (3, 4, 5, 6))
    made = seeded(data, run, seed)
    inputs = made['inputs']
    assert len(inputs.images) == 8 if seed != 2 else 9  # a smaller crop is left sooner
    assert (inputs.shift.abs().amax(dim=(1, 2)) > 0).all()
    seen = windows(inputs)
    for place, key in enumerate(run.keys):
        alone = seeded(data, key, seed)
        assert_same_targets(made['data_samples'][place], alone['data_samples'])
        wanted = alone['inputs'].float()
        assert torch.equal(seen[place, 2], wanted[2])  # the key frame itself
        # black beyond the image, and what the neighbour's crop does not show, stay out of it
        inner = (seen[place] - wanted).abs()[..., 60:-60, 45:-45]
        known = (wanted > 20).all(dim=1, keepdim=True)[..., 60:-60, 45:-45]
        assert (inner * known).quantile(0.98) < 4
        apart = (wanted[1] - inputs.images[inputs.crop_index[place, 1]]).abs()[..., 60:-60, 45:-45]
        assert (apart * known[1]).quantile(0.98) > 4  # as it would be if nothing were moved


@pytest.mark.parametrize('seed', range(3))
def test_jumping__a_neighbour_too_far_away_is_cropped_by_the_key_frames_box(root, seed) -> None:
    data = dataset(root)
    run = run_of(data, 2, (3, 4))
    made = seeded(data, run, seed)
    seen = windows(made['inputs'])
    for place, key in enumerate(run.keys):
        alone = seeded(data, key, seed)
        assert torch.equal(seen[place], alone['inputs'].float())
        assert_same_targets(made['data_samples'][place], alone['data_samples'])


def test_unlabelled_frames__serve_every_window_that_they_fit(root: Path) -> None:
    data = dataset(root, 'test_pipeline')
    found = samples_by_frame(data, 0)
    made = data[Run((found[1], found[4]), (found[0], found[5], found[6]))]
    assert len(made['inputs'].images) == 7  # frames 0 to 6
    for place, key in enumerate((1, 4)):
        assert torch.equal(windows(made['inputs'])[place], data[found[key]]['inputs'].float())


@pytest.mark.parametrize('seed', range(3))
def test_crop_run__one_box_for_all_where_boxes_hardly_move(root: Path, seed: int) -> None:
    data = dataset(root)
    run = run_of(data, 1, (4, 5, 6), 'run')
    made = seeded(data, run, seed)
    inputs, middle = made['inputs'], seeded(data, run.keys[1], seed)
    assert len(inputs.images) == 7
    assert (inputs.ratio == 1).all()
    assert (inputs.shift == 0).all()
    assert torch.equal(windows(inputs)[1], middle['inputs'].float())
    centers = [sample.input_center.tolist() for sample in made['data_samples']]
    assert centers == [middle['data_samples'].input_center.tolist()] * 3
    # where they do, each frame has its own
    far = seeded(data, run_of(data, 2, (4, 5, 6), 'run'), seed)
    assert len({tuple(sample.input_center) for sample in far['data_samples']}) > 1


def test_draws__are_those_of_one_sample(root: Path) -> None:
    data = dataset(root)
    # one that draws behind the crop, too, and not equally often for all frames
    data.pipeline.transforms.insert(
        -1, lambda results: results | {'noise': np.random.rand(results['frame_number'])}
    )
    run, after = run_of(data, 1, (3, 4, 5, 6)), []
    for item in (run, run.keys[0]):
        seeded(data, item, 3)
        after.append((np.random.rand(), random.random(), torch.rand(1).item()))
    assert after[0] == after[1]


def test_pairs__each_window_draws_its_own_frame(root: Path) -> None:
    data, drawn = dataset(root, pairs=True), set()
    run = run_of(data, 1, (2, 3, 4, 5))
    for seed in range(6):
        made = seeded(data, run, seed)
        assert made['inputs'].crop_index.shape == (4, 2)
        offsets = [sample.frame_offsets[1] for sample in made['data_samples']]
        drawn.add(tuple(offsets))
        frames = {key + offset for key, offset in zip((2, 3, 4, 5), offsets, strict=True)}
        assert len(made['inputs'].images) == len(frames | {2, 3, 4, 5})
    assert any(len(set(offsets)) > 1 for offsets in drawn)


def test_batches__of_runs_and_single_samples_by_workers(root: Path) -> None:
    data = dataset(root)
    loader = DataLoader(
        data,
        batch_sampler=RunBatchSampler(DefaultSampler(data, seed=1), batch_size=6, run_length=4),
        collate_fn=FUNCTIONS.get('jmpose_mm.collate_runs'),
        num_workers=1,
        persistent_workers=True,
    )
    for epoch in range(2):
        loader.batch_sampler.sampler.set_epoch(epoch)
        batches = list(loader)
        assert sorted(s.id for b in batches for s in b['data_samples']) == list(range(len(data)))
        for batch in batches:
            inputs = batch['inputs']
            if not isinstance(inputs, SharedCrops):  # all its runs are of one
                continue
            assert inputs.crop_index.shape == (len(batch['data_samples']), 5)
            assert sorted(set(inputs.crop_index.flatten().tolist())) == list(
                range(len(inputs.images))
            )
            assert inputs.images.dtype == torch.uint8


def test_plain_samples__are_collated_as_ever(root: Path) -> None:
    data = dataset(root, 'test_pipeline')
    batch = collate_runs([data[0], data[1]])
    assert [clip.shape for clip in batch['inputs']] == [(5, 3, 256, 192)] * 2


def test_pipeline__must_have_its_parts(root: Path) -> None:
    data = dataset(root)
    del data.pipeline.transforms[0]
    with pytest.raises(UsageError, match='expected a pipeline with one SampleSupportFrames'):
        data[Run((0, 1), ())]
