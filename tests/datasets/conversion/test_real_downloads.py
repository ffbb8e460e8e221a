"""Real annotations through the converters: two generations of the same videos must agree."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from jmpose_mm.datasets.body import PoseTrackClipDataset
from jmpose_mm.datasets.conversion import convert_dataset
from jmpose_mm.formats.annotations import read_annotations

DATA = Path(__file__).resolve().parents[3].parent / 'shared' / 'data'
MINI, SAMPLES = DATA / 'mini_posetrack', DATA / 'mmpose_posetrack18'


@pytest.fixture(scope='module')
def generations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The mini set converted from both forms."""
    if not MINI.is_dir():
        pytest.skip('the real PoseTrack frames (mini_posetrack) are not here')
    root = tmp_path_factory.mktemp('real')
    folders = {
        'posetrack17': ('annotations_pt17', 'pt17_images'),
        'posetrack18': ('annotations', 'images'),
    }
    for name, (truth, images) in folders.items():
        download = root / name
        download.mkdir()
        (download / 'annotations').symlink_to(MINI / truth)
        (download / 'images').symlink_to(MINI / images)
        convert_dataset(name, download, root / 'out' / name, progress=False)
    return {name: root / 'out' / name for name in folders}


def test_reports__agree_but_for_the_names(generations: dict[str, Path]) -> None:
    old, new = (
        json.loads((generations[name] / 'conversion.json').read_text())['splits']
        for name in ('posetrack17', 'posetrack18')
    )
    for split, counts in {'train': (1, 76, 152), 'val': (1, 41, 164)}.items():
        for report in (old, new):
            found = report[split]
            assert (found['videos'], found['frames'], found['persons']) == counts
            assert not any(found['left_out_or_mended'].values())
        assert old[split]['joints'] == new[split]['joints']


def test_ground_truth__is_the_same_of_both_generations(generations: dict[str, Path]) -> None:
    for split in ('train', 'val'):
        old, new = (
            read_annotations(generations[name] / 'annotations' / split).truth()
            for name in ('posetrack17', 'posetrack18')
        )
        np.testing.assert_array_equal(old.frame, new.frame)
        np.testing.assert_array_equal(old.present, new.present)
        np.testing.assert_allclose(old.keypoints[old.present], new.keypoints[new.present])
        # x, y, width, height there and corners here, each rounded to 3 places
        np.testing.assert_allclose(old.head_size, new.head_size, atol=2e-3)


def test_data_sets__give_the_same_samples_of_both_generations(generations: dict[str, Path]) -> None:
    init_default_scope('mmpose')
    old = PoseTrackClipDataset(
        data_root=str(generations['posetrack17']),
        ann_file='jsons/posetrack_val.json',
        data_prefix=dict(img='images_renamed/'),
    )
    new = PoseTrackClipDataset(
        data_root=str(generations['posetrack18']), ann_file='annotations/posetrack18_val.json'
    )
    assert len(old) == len(new) == 164
    for index in range(len(old)):
        one, other = old.get_data_info(index), new.get_data_info(index)
        assert one['frame_number'] == other['frame_number'] + 1
        assert len(one['video_frames']) == len(other['video_frames']) == 41
        np.testing.assert_array_equal(one['keypoints_visible'], other['keypoints_visible'])
        np.testing.assert_allclose(one['keypoints'], other['keypoints'], atol=1e-3)


def test_mmposes_samples__ignore_regions_and_absent_joints(tmp_path: Path) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("mmpose's PoseTrack18 samples (mmpose_posetrack18) are not here")
    report = convert_dataset('posetrack18', SAMPLES, tmp_path / 'out', progress=False)
    counts = report['splits']['val']
    assert (counts['videos'], counts['frames'], counts['persons']) == (3, 3, 14)
    # the official evaluator counts 181: one lies in an ignore region
    assert sum(counts['joints'].values()) == 182
    assert counts['ignore_regions'] == 15
    merged = json.loads((tmp_path / 'out/annotations/posetrack18_val.json').read_text())
    theirs = json.loads((SAMPLES / 'annotations/test_posetrack18_val.json').read_text())
    for kind in ('images', 'annotations'):
        by_id = {entry['id']: entry for entry in theirs[kind]}
        assert len(by_id) == len(merged[kind])
        for entry in merged[kind]:
            other = by_id[entry['id']]
            common = set(entry) & set(other)
            assert {'width', 'height'} <= common or 'num_keypoints' in common
            assert {key: entry[key] for key in common} == {key: other[key] for key in common}
