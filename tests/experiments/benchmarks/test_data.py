from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from experiments.benchmarks import data
from experiments.benchmarks.clip_set import ANN_FILE, ClipSet, write_clip_set
from jmpose_mm.datasets.body import PoseTrackClipDataset

CLIPS = ClipSet(2, 9, size=(256, 144))


@pytest.fixture
def samples(folder: Path) -> PoseTrackClipDataset:
    return PoseTrackClipDataset(ann_file=ANN_FILE, data_root=str(folder))


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp('clips')
    write_clip_set(made, CLIPS)
    return made


def test_made_up_set__is_like_photographs_and_equal_for_equal_seeds(
    folder: Path, tmp_path: Path
) -> None:
    write_clip_set(tmp_path, CLIPS)
    files = sorted(path.relative_to(folder) for path in folder.rglob('*') if path.is_file())
    assert len(files) == 2 * 9 + 1
    for file in files:
        assert (folder / file).read_bytes() == (tmp_path / file).read_bytes()
    assert len(json.loads((folder / ANN_FILE).read_text())['annotations']) == 2 * 9 * 4
    first, second = (
        cv2.imread(str(folder / f'images/000000_made_up/00000{k}.jpg')) for k in (0, 1)
    )
    assert first.shape == (144, 256, 3)
    # structure that moves by 3 pixels between frames: nearer to the moved frame than to the frame
    moved = np.roll(first, 3, axis=1)
    differences = [np.abs(second.astype(int) - other).mean() for other in (moved, first)]
    assert differences[0] < differences[1]
    # noise and strong contrast, hardly anything cut off
    assert first.std() > 15
    assert np.isin(first, (0, 255)).mean() < 0.05


def test_check__refuses_other_pixels(
    samples: PoseTrackClipDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    data._check(samples)
    monkeypatch.setattr(
        data.cv2, 'imread', lambda path: cv2.imdecode(np.fromfile(path, 'u1'), 1) // 2
    )
    with pytest.raises(RuntimeError, match=r'the two ways differ by .* grey values'):
        data._check(samples)


@pytest.mark.parametrize('order', [data.SHUFFLED, data.BY_FRAME])
def test_training__what_is_kept_is_what_would_be_decoded(
    samples: PoseTrackClipDataset, order: data.Order
) -> None:
    batches = []
    for load in (data.decode_each, data.LoadClip()):
        steps = data.pipeline(load, False, True)
        read = data.draw_batches(samples, steps, order, 2)
        np.random.seed(0)
        batches.append(read())
    for plain, ours in zip(*batches, strict=True):
        assert torch.equal(torch.stack(plain['inputs']), torch.stack(ours['inputs']))
        for one, other in zip(plain['data_samples'], ours['data_samples'], strict=True):
            assert one.frame_paths == other.frame_paths
            assert torch.equal(one.gt_fields.heatmaps, other.gt_fields.heatmaps)


def test_run__counts_what_is_decoded() -> None:
    threads = cv2.getNumThreads()
    found = data.measure(size=data.LoadingSize(CLIPS, batches=2, runs=2))
    evaluation, shuffled, by_frame, *runs = found
    assert cv2.getNumThreads() == threads
    assert [row.name for row in found] == [
        'evaluation, in order',
        'training, shuffled',
        'training, by frame',
        'training, runs of 4',
        'training, runs of 8',
    ]
    assert shuffled.reference_seconds is by_frame.reference_seconds
    for comparison in found:
        assert len(comparison.reference_seconds) == len(comparison.our_seconds) == 2
        assert '2 videos x 9 frames x 4 people, 256x144 JPEG' in comparison.note
    # 64 samples are 16 frames: all of the first video and 7 of the second, whose windows reach
    # its end
    assert 'decoded frames a sample: 5 and 0.28.' in evaluation.note
    # nine frames a person, of which two to four runs of four look at eight each at most
    a_sample = [float(row.note.split(' and ')[-1].rstrip('.')) for row in (shuffled, *runs)]
    assert a_sample[0] > a_sample[1] > 0.25
