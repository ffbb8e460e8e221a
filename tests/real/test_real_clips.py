"""JM-Pose on real PoseTrack frames: it fits 40 clips and runs on a video that it never saw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from jmpose_mm.apis import train_and_test
from jmpose_mm.apis.drawn_comparison import draw_comparison
from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.devices import BFLOAT16_TRAINING, fast_dtype

DATA = Path(__file__).resolve().parents[3] / 'shared' / 'data' / 'mini_posetrack'
CONFIG = 'jm-pose_resnet18_1xb8_synthetic-128x96.py'
CLIPS, GOAL = 40, 90.0

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason='the real PoseTrack frames (mini_posetrack) are not here'
)


def _first_clips(folder: Path) -> Path:
    """Annotations of the first CLIPS persons of the training video; two persons a frame."""
    content = json.loads((DATA / 'annotations/posetrack18_train.json').read_text())
    content['annotations'] = content['annotations'][:CLIPS]
    kept = {person['image_id'] for person in content['annotations']}
    content['images'] = [image for image in content['images'] if image['id'] in kept]
    path = folder / 'clips.json'
    path.write_text(json.dumps(content))
    return path


def _dataset(ann_file: Path, pipeline: list, **kwargs) -> dict:
    return {
        'type': 'jmpose_mm.PoseTrackClipDataset',
        'data_root': str(DATA),
        'data_mode': 'topdown',
        'ann_file': str(ann_file),
        'pipeline': pipeline,
        **kwargs,
    }


def _config(offsets: tuple[int, ...], work_dir: Path):
    """The demo's JM-Pose without augmentation, its backbone trained along from scratch."""
    cfg = load_config(CONFIG, work_dir=str(work_dir))
    cfg.model.frozen, cfg.load_from = (), None
    cfg.model.neck.frame_offsets = offsets
    clips = _first_clips(work_dir)
    sample = {'type': 'jmpose_mm.SampleSupportFrames', 'frame_offsets': offsets}
    plain = [s for s in (*cfg.load_train, cfg.crop, *cfg.pack_train) if 'Random' not in s['type']]
    cfg.train_dataloader.dataset = _dataset(clips, [sample, *plain])
    cfg.train_dataloader.update(batch_size=10, num_workers=0, persistent_workers=False)
    testing = [sample, *cfg.load_test, cfg.crop, *cfg.pack_test]
    for split in ('val', 'test'):
        loader, evaluator = cfg[f'{split}_dataloader'], cfg[f'{split}_evaluator']
        loader.dataset = _dataset(clips, testing, test_mode=True)
        loader.update(num_workers=0, persistent_workers=False)
        evaluator.update(ann_file=str(clips), subset=None)
    cfg.param_scheduler = [{'type': 'LinearLR', 'start_factor': 0.1, 'end': 20, 'by_epoch': False}]
    cfg.train_cfg = {'by_epoch': True, 'max_epochs': 60, 'val_interval': 2, 'val_begin': 10}
    if fast_dtype(torch.device('cpu')) == 'bfloat16':  # a step then takes half as long
        cfg.merge_from_dict(BFLOAT16_TRAINING)
    cfg.custom_hooks.append(
        {
            'type': 'EarlyStoppingHook',
            'monitor': 'posetrack/AP',
            'stopping_threshold': GOAL + 2,
            'rule': 'greater',
            'patience': 100,
        }
    )
    return cfg


@pytest.mark.parametrize('offsets', [(-1, 0, 1), (-2, -1, 0, 1, 2)], ids=['3 frames', '5 frames'])
def test_jm_pose__fits_real_clips_and_runs_on_an_unseen_video(offsets, tmp_path, capsys):
    cfg = _config(offsets, tmp_path)
    train_and_test.train(cfg)
    checkpoint = (tmp_path / 'last_checkpoint').read_text().strip()
    fitted = train_and_test.test(cfg, checkpoint)['posetrack/AP']

    unseen = DATA / 'annotations/posetrack18_val.json'
    detections = DATA / 'annotations/posetrack18_val_human_detections.json'
    found = {}
    for boxes, extra in (
        ('ground truth', {}),
        (detections.name, {'bbox_file': str(detections), 'bbox_score_threshold': 0.2}),
    ):
        cfg.test_dataloader.dataset.update(ann_file=str(unseen), **extra)
        cfg.test_evaluator.update(ann_file=str(unseen))
        cfg.test_evaluator.out_dir = str(tmp_path / boxes.replace(' ', '_'))
        found[boxes] = train_and_test.test(cfg, checkpoint)['posetrack/AP']

    drawings = Path('work_dirs', 'real', f'{len(offsets)}_frames')
    film, picture = draw_comparison(
        drawings, DATA, unseen, {'JM-Pose, unseen video': tmp_path / 'ground_truth'}
    )
    with capsys.disabled():
        print(
            f'\n{len(offsets)} frames: AP {fitted:.1f} on {CLIPS} fitted clips (ground-truth boxes)'
            f', unseen video: {found}; no flip test, DARK decoding; {film}, {picture}'
        )
    assert fitted >= GOAL
    assert all(0 <= value <= 100 for value in found.values())
    assert film.stat().st_size > 10_000
    assert picture.stat().st_size > 10_000
