"""Own labels: every program's export gives one data set, and that trains, is judged and drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import own_exports as own
import pytest

from jmpose_mm.apis import train_and_test as api
from jmpose_mm.apis.clip_sheets import draw_clip_sheets
from jmpose_mm.apis.own_data import convert_own_data
from jmpose_mm.datasets.conversion.own_data.config_facts import (
    BACKBONES,
    METHODS,
    ConfigFacts,
    Teacher,
)
from jmpose_mm.datasets.conversion.own_data.configs import config_texts
from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.consistency import check_consistency
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.crop import box_of_joints
from jmpose_mm.video.files.recordings import read_poses
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.video_inference import VideoOutputs, infer_video

LINKS = ','.join(f'{own.JOINTS[a]}={own.JOINTS[b]}' for a, b in own.LINKS)
# what a program's export does not hold
GIVEN = {'label-studio': {'links': LINKS}, 'labelme': {'links': LINKS}}
GIVEN['deeplabcut'] = {'category': own.CATEGORY}
WITHOUT_BOXES = ('deeplabcut',)
SMALL = {'input_size': '64x64'}
SHORT = [
    'train_cfg.max_epochs=1',
    'param_scheduler.total_steps=1',
    'train_dataloader.num_workers=0',
]
SHORT += ['val_dataloader.num_workers=0', 'test_dataloader.num_workers=0']


def converted(root: Path, **options: Any) -> Path:
    convert_own_data(root / 'labels', root / 'out', options, SMALL, progress=False)
    return root / 'out'


def annotations(out: Path) -> dict[str, Any]:
    """Both merged files, without what programs say more or less of: names of images, tracks."""
    content = {}
    for split in ('train', 'val'):
        content[split] = json.loads((out / f'annotations/{split}.json').read_text())
        for image in content[split]['images']:
            del image['source']
        for person in content[split]['annotations']:
            person.pop('track_id', None)
    return content


@pytest.fixture(scope='module')
def canonical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('canonical')
    own.canonical(root / 'labels')
    return converted(root)


@pytest.mark.parametrize('program', own.PROGRAMS)
def test_every_program__gives_the_same_data_set(
    program: str, canonical: Path, tmp_path: Path
) -> None:
    own.PROGRAMS[program](tmp_path / 'labels')
    out = converted(tmp_path, **GIVEN.get(program, {}))
    got, wanted = annotations(out), annotations(canonical)
    if program in WITHOUT_BOXES:
        for split in wanted:
            for person, truth in zip(
                got[split]['annotations'], wanted[split]['annotations'], strict=True
            ):
                joints = np.reshape(truth['keypoints'], (-1, 3))[:, :2]
                box = box_of_joints(joints)
                box = np.clip(box, 0, np.array([*own.SIZE, *own.SIZE]))
                np.testing.assert_allclose(person['bbox'][:2], box[:2], atol=2e-3)
                np.testing.assert_allclose(person['bbox'][2:], box[2:] - box[:2], atol=2e-3)
                person |= {'bbox': truth['bbox'], 'area': truth['area']}
    assert got == wanted
    # What is trained follows from these files and the texts beside them.
    for file in ('metainfo.py', 'configs/data.py', 'configs/single_frame.py', 'configs/jm_pose.py'):
        assert (out / file).read_text() == (canonical / file).read_text(), file
    images = sorted(p.relative_to(out) for p in (out / 'images').rglob('*.png'))
    assert len(images) == own.FRAMES * len(own.VIDEOS)
    by_name = {f'{a.video}/{a.frame:06d}.png': a for a in own.animals()}
    for image in got['train']['images']:
        shown = own.cv2.imread(str(out / 'images' / image['file_name']))
        assert np.array_equal(shown, own.picture(by_name[image['file_name']]))


def trained(config: Path) -> Any:
    cfg = load_config(str(config), SHORT)
    return api.train(api.prepare_training(cfg))


@pytest.fixture(scope='module')
def models(canonical: Path) -> Path:
    """Both models, each trained for one epoch as their configs say."""
    for name in ('single_frame', 'jm_pose'):
        trained(canonical / 'configs' / f'{name}.py')
    return canonical


def test_training__judges_and_keeps_the_best(models: Path) -> None:
    for name in ('single_frame', 'jm_pose'):
        assert len(list((models / 'work_dirs' / name).glob('best_keypoints_PCK@0.2_*.pth'))) == 1
    # The frozen image model is the one that was trained first.
    log = next((models / 'work_dirs/jm_pose').rglob('*.log')).read_text()
    assert 'weights of' in log
    assert 'best_keypoints_PCK@0.2_epoch_1.pth' in log


def test_test__numbers_and_predictions(models: Path, tmp_path: Path) -> None:
    cfg = load_config(str(models / 'configs/jm_pose.py'), SHORT, work_dir=str(tmp_path / 'work'))
    numbers = api.test(cfg, str(models / 'work_dirs/jm_pose'), out_dir=str(tmp_path / 'made'))
    content = json.loads((tmp_path / 'made/predictions.json').read_text())
    assert content['categories'][0]['keypoints'] == list(own.JOINTS)
    assert content['categories'][0]['name'] == own.CATEGORY
    # By hand: distances of what was written to what was labelled, which stands in file order.
    truth = json.loads((models / 'annotations/val.json').read_text())['annotations']
    found = np.reshape([p['keypoints'] for p in content['annotations']], (6, 9, 3))[..., :2]
    true = np.reshape([p['keypoints'] for p in truth], (6, 9, 3))[..., :2]
    pixels = np.linalg.norm(found - true, axis=-1)
    sides = np.max([p['bbox'][2:] for p in truth], axis=1)
    right = 100 * np.mean(pixels <= 0.2 * sides[:, None])
    assert numbers['keypoints/error_px'] == pytest.approx(pixels.mean(), abs=1e-3)
    assert numbers['keypoints/PCK@0.2'] == pytest.approx(right)
    assert content['info']['boxes'] == 'ground truth'
    assert content['videos'].keys() == {'turn'}


def test_infer_video__draws_the_own_skeleton(models: Path, tmp_path: Path) -> None:
    inferencer = VideoPoseInferencer(
        str(models / 'configs/jm_pose.py'), str(models / 'work_dirs/jm_pose'), 'cpu', 'whole'
    )
    outputs = VideoOutputs(film=True, exports=['coco'])
    infer_video(inferencer, open_source(str(models / 'images/turn')), tmp_path / 'made', outputs)
    skeleton = read_poses(tmp_path / 'made/poses.json').header.skeleton
    assert skeleton.joints == own.JOINTS
    assert set(skeleton.edges) == set(own.LINKS)
    exported = json.loads((tmp_path / 'made/coco.json').read_text())['categories'][0]
    assert exported['name'] == own.CATEGORY
    assert exported['keypoints'] == list(own.JOINTS)


def test_sheets__show_the_joints_where_the_crop_has_them(canonical: Path, tmp_path: Path) -> None:
    config = str(canonical / 'configs/jm_pose.py')
    (file,) = draw_clip_sheets(config, tmp_path / 'sheets', count=2, split='val')
    sheet = own.cv2.imread(str(file))
    # Two rows under two lines of names; five frames, joints, targets and pairs, 176 pixels high.
    assert sheet.shape == (2 * 18 + 4 + 2 * (2 * 18 + 176 + 4), 8 * (176 + 4) + 4, 3)
    tiles = [sheet[76:252, 4 + 180 * k : 180 + 180 * k].astype(int) for k in range(8)]
    # Joints are drawn on the animal, whose body is orange: around it nothing is changed.
    changed = np.abs(tiles[5] - tiles[2]).max(axis=2) > 90
    body = np.abs(tiles[2] - own.GRAY - 16).max(axis=2) > 30
    near = own.cv2.dilate(body.astype(np.uint8), np.ones((41, 41))) > 0
    assert changed.any()
    assert not (changed & ~near).any()
    with pytest.raises(UsageError, match='split and count'):
        draw_clip_sheets(config, tmp_path / 'sheets', count=0)


@pytest.mark.parametrize('backbone', BACKBONES)
@pytest.mark.parametrize('method', METHODS)
def test_configs__of_every_method_and_backbone_agree(
    backbone: str, method: str, tmp_path: Path
) -> None:
    facts = ConfigFacts('mouse', 9, 40, True, 40.0, backbone, method)
    for name, text in config_texts(facts).items():
        (tmp_path / name).write_text(text)
    (tmp_path.parent / 'metainfo.py').write_text(metainfo(9))
    for name in ('single_frame', method):
        cfg = load_config(str(tmp_path / f'{name}.py'))
        check_consistency(cfg)
        assert cfg.model.head.out_channels == 9


@pytest.mark.parametrize('method', METHODS)
def test_configs__of_labels_that_a_teacher_made(method: str, tmp_path: Path) -> None:
    teacher = Teacher('/models/teacher.pth', 0.25, iterations=7)
    facts = ConfigFacts('mouse', 9, 40, False, None, 'resnet18', method, (96, 128), None, teacher)
    texts = config_texts(facts)
    assert sorted(texts) == sorted(['data.py', f'{method}.py'])
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path.parent / 'metainfo.py').write_text(metainfo(9))
    cfg = load_config(str(tmp_path / f'{method}.py'))
    check_consistency(cfg)
    assert cfg.load_from == '/models/teacher.pth'
    assert cfg.model.head.type == 'jmpose_mm.VideoPoseHead'
    assert cfg.model.head.ensemble
    assert cfg.train_cfg.max_epochs == 2  # of 5 steps each
    steps = {step.type: step for step in cfg.train_dataloader.dataset.pipeline}
    assert steps['jmpose_mm.DegradeFrames'].prob == 0.25
    order = ['jmpose_mm.TopdownClipAffine', 'jmpose_mm.DegradeFrames']
    order += ['GenerateTarget', 'jmpose_mm.WeighKeypoints']
    assert [name for name in steps if name in order] == order
    tested = [step.type for step in cfg.test_dataloader.dataset.pipeline]
    assert 'jmpose_mm.DegradeFrames' not in tested


def metainfo(joints: int) -> str:
    keypoints = {k: dict(name=f'j{k}', id=k, swap='') for k in range(joints)}
    info = dict(dataset_name='mouse', keypoint_info=keypoints, skeleton_info={})
    info |= dict(joint_weights=[1.0] * joints, sigmas=[0.05] * joints)
    return f'dataset_info = {info}\n'
