"""The engine against the naive window: the same numbers from fewer passes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from mmengine.config import Config
from random_models import DEBUG_CONFIGS, randomize

from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.models.layers.norm_folding import fold_batch_norm
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.poses.engine import ClipEngine

BOX = np.array([30.0, 20.0, 90.0, 110.0])
CONFIGS = {**DEBUG_CONFIGS, 'tar on ViT': 'tar_debug.py', 'jm on ViT': 'jm-pose_debug.py'}
VIT = {'type': 'jmpose_mm.VisionTransformer', 'arch': (24, 4, 2)}
CAUSAL = ('jm', 'posewarper', 'tar', 'tar on ViT', 'jm on ViT')


def _config(name: str) -> Config:
    cfg = load_config(CONFIGS[name])
    if name == 'tar on ViT':  # its own deconvolutions, as published
        cfg.model.backbone = VIT
        cfg.model.neck.update(in_channels=(24,), deconv_channels=(16, 16), position=None)
        cfg.model.neck.attention = {'num_layers': 2, 'norm': 'post'}
    if name == 'jm on ViT':
        backbone = {**VIT, 'out_indices': (1, 3)}
        wrapped = {'type': 'jmpose_mm.DeconvBackbone', 'backbone': backbone, 'in_channels': 24}
        cfg.model.backbone = {**wrapped, 'deconv_channels': (16, 16)}
        cfg.model.neck.in_channels = (24, 16)
        cfg.model.head.in_channels = 16
    return cfg


def _heatmaps_of(model: ClipModel, heatmaps, windows):
    return heatmaps.numpy() / model.spread, np.stack([window.scale for window in windows])


@pytest.fixture(scope='module')
def models():
    made = {}
    for name in CONFIGS:
        torch.manual_seed(0)
        model = ClipModel(_config(name), None, 'cpu')
        randomize(model.model)
        model.backbone = fold_batch_norm(model.model.backbone, torch.randn(1, 3, 128, 96))
        # Whole heatmaps for keypoints: peaks of random maps turn on the last bit.
        model.keypoints = partial(_heatmaps_of, model)
        crop = _video(1)[0][:, :96].repeat(2, axis=0)[:128]
        model.spread = (
            model.heatmaps([[*model.features([crop])] * len(model.frame_offsets)]).std().item()
        )
        made[name] = model
    return made


def _video(length: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 255, (120, 160, 3), dtype=np.uint8) for _ in range(length)]


def _run(engine: ClipEngine, video, boxes) -> dict:
    """Results by frame; ``boxes(frame)`` gives those of a frame."""
    results = []
    for frame, image in enumerate(video):
        results += engine.add(image, boxes(frame))
    results += engine.finish()
    assert [frame for frame, _ in results] == list(range(len(video)))
    return dict(results)


def assert_equal(one: dict, other: dict, atol: float = 1e-5) -> None:
    assert one.keys() == other.keys()
    for frame in one:
        assert one[frame].keys() == other[frame].keys()
        for person in one[frame]:
            for a, b in zip(one[frame][person][:2], other[frame][person][:2], strict=True):
                np.testing.assert_allclose(a, b, atol=atol, rtol=1e-5)


@pytest.mark.parametrize('name', CONFIGS)
def test_heatmaps__equal_the_models_own(models, name):
    model, video = models[name], _video(5)
    window = model.window(BOX)
    middle = len(model.frame_offsets) // 2
    crops = [model.crop(image, window) for image in video[2 - middle : 3 + middle]]
    ours = model.heatmaps([model.features(crops)])
    clip = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
    inputs = model.model.data_preprocessor({'inputs': [clip]})['inputs']
    with torch.no_grad():
        theirs = model.model(inputs, None, mode='tensor')
    assert (ours - theirs).abs().max() < 1e-5 * theirs.std()


@pytest.mark.parametrize('name', CONFIGS)
def test_engine__constant_box_equals_the_naive_window_at_one_pass_a_crop(models, name):
    model, video = models[name], _video(7)
    boxes = {1: BOX, 2: BOX + 20}
    once, key = ClipEngine(model, batch_size=3), ClipEngine(model, crop='key', batch_size=5)
    assert_equal(_run(once, video, lambda _: boxes), _run(key, video, lambda _: boxes))
    assert once.backbone_passes == 2 * 7
    # At the ends several offsets are clamped to one frame.
    offsets = model.frame_offsets
    frames = [len({min(max(t + o, 0), 6) for o in offsets}) for t in range(7)]
    assert key.backbone_passes == 2 * sum(frames)


def test_engine__boxes_that_come_go_and_jump(models):
    model, video = models['jm'], _video(12, seed=1)

    def boxes(frame):
        present = {1: BOX + (0 if frame < 6 else 45)} if frame not in (3, 4) else {}
        return present | ({2: BOX * [1, 1, 1.01, 1.01] + 0.2 * frame} if frame > 2 else {})

    exact, key = ClipEngine(model, max_shift=0, max_growth=1), ClipEngine(model, crop='key')
    # With no tolerance nothing is moved: every window is the key frame's.
    assert_equal(_run(exact, video, boxes), _run(key, video, boxes))
    assert exact.backbone_passes < key.backbone_passes
    tolerant = ClipEngine(model)
    _run(tolerant, video, boxes)
    assert tolerant.backbone_passes < exact.backbone_passes
    assert tolerant.features == {}
    assert tolerant.images == {}


def test_engine__keeps_no_more_than_a_window(models):
    engine = ClipEngine(models['jm'], batch_size=2)
    for frame, image in enumerate(_video(20)):
        engine.add(image, {1: BOX + 3 * frame, 2: BOX})
        assert len(engine.images) <= 5
        assert len(engine.features) <= 2 * (5 + engine.batch_size)
        assert len(engine.windows) <= 2 * 5


@pytest.mark.parametrize('name', CAUSAL)
def test_engine__causal_is_the_end_of_the_video_at_every_frame(models, name):
    model, video = models[name], _video(6)
    engine = ClipEngine(model, causal=True, batch_size=1)
    assert engine.latency == 0
    causal = {}
    for frame, image in enumerate(video):
        ((index, persons),) = engine.add(image, {1: BOX})
        assert index == frame
        causal[frame] = persons
    for frame in range(6):
        until = _run(ClipEngine(model), video[: frame + 1], lambda _: {1: BOX})
        assert_equal({frame: causal[frame]}, {frame: until[frame]})


def test_engine__is_as_it_was_after_finish_and_frames_without_people_come_too(models):
    engine, video = ClipEngine(models['jm']), _video(4)
    first = _run(engine, video, lambda frame: {1: BOX} if frame == 2 else {})
    assert [len(persons) for persons in first.values()] == [0, 0, 1, 0]
    assert_equal(_run(engine, video, lambda frame: {1: BOX} if frame == 2 else {}), first)


def test_engine__whom_an_earlier_run_lacks_gets_no_pose(models):
    engine = ClipEngine(models['jm'], batch_size=2)
    engine.known_frames = 12
    pose, found = (np.zeros((17, 2)), np.ones(17), None), []
    for frame, image in enumerate(_video(14)):
        known = {1: pose} if frame < 12 else None
        found += engine.add(image, {1: BOX, 2: BOX}, known)
    found += engine.finish()
    assert [list(persons) for _, persons in found] == [[1]] * 12 + [[1, 2]] * 2


def test_engine__flip_test_is_the_mean_of_both_views(models):
    model, video = models['jm'], _video(5)
    crops = [model.crop(image, model.window(BOX)) for image in video]
    plain = model.heatmaps([model.features(crops)])
    mirrored = model.heatmaps([model.features([c[:, ::-1].copy() for c in crops])])
    model.flip_test = True
    both = model.heatmaps([model.features(crops)])
    model.flip_test = False
    back = mirrored.flip(-1)[:, model.dataset_meta['flip_indices']]
    assert model.shift_heatmap
    back[..., 1:] = back[..., :-1].clone()
    torch.testing.assert_close(both, (plain + back) / 2, rtol=1e-4, atol=1e-5)


def test_keypoints__stay_beside_the_maximum_where_a_newton_step_leads_away():
    model = ClipModel('jm-pose_debug.py', None, 'cpu')
    wide, high = model.model.head.decoder.heatmap_size
    y, x = torch.meshgrid(torch.arange(high), torch.arange(wide), indexing='ij')
    peak = torch.exp(-((x - 7.3) ** 2 + (y - 9.6) ** 2) / 8)
    flat = 0.02 + 0.001 * (torch.cos(x / 5.0) * torch.cos(y / 4.0))
    torch.manual_seed(0)
    flat = flat + 1e-5 * torch.randn(15, high, wide)
    heatmaps = torch.cat((peak[None], -peak[None], flat)).float()[None]
    stride = np.array(model.input_size) / (wide, high)
    (free,) = model.model.head.decode(heatmaps)
    highest = heatmaps[0].flatten(1).argmax(1).numpy()
    highest = np.stack((highest % wide, highest // wide), axis=1) * stride
    assert (np.abs(free.keypoints[0] - highest) > 1.5 * stride).any(), 'no step leads away'

    whole = model.window(np.array([0.0, 0, *model.input_size]))
    keypoints, scores = model.keypoints(heatmaps, [whole])
    corner = whole.center - 0.5 * whole.scale
    in_crop = (keypoints[0] - corner) / whole.scale * model.input_size
    assert (np.abs(in_crop - highest) <= stride + 1e-6).all()
    np.testing.assert_allclose(in_crop[0], free.keypoints[0, 0], atol=1e-4)
    np.testing.assert_allclose(in_crop[0] / stride, (7.3, 9.6), atol=0.05)
    np.testing.assert_array_equal(scores, free.keypoint_scores)


def test_clip_model__refuses(tmp_path):
    with pytest.raises(UsageError, match='dtype: expected one of'):
        ClipModel('jm-pose_debug.py', None, dtype='int8')
    with pytest.raises(UsageError, match=r"'gone\.pth' does not exist"):
        ClipModel('jm-pose_debug.py', 'gone.pth')
    with pytest.raises(UsageError, match='batch_size: expected at least 1, got -1'):
        ClipEngine(ClipModel('jm-pose_debug.py', None), batch_size=-1)
    (tmp_path / 'bad.pth').write_bytes(b'x')
    with pytest.raises(UsageError, match='does not fit the model'):
        ClipModel('jm-pose_debug.py', str(tmp_path / 'bad.pth'))


@pytest.mark.parametrize('prefix', ['module.', 'net.'])
def test_clip_model__takes_weights_as_own_loops_save_them(tmp_path, prefix):
    torch.manual_seed(3)
    given = ClipModel('jm-pose_debug.py', None).model.state_dict()
    stored = {f'{prefix}{name}': value for name, value in given.items()}
    torch.save({'model': stored, 'epoch': 3}, tmp_path / 'own.pth')
    found = ClipModel('jm-pose_debug.py', tmp_path / 'own.pth').model.state_dict()
    assert all(torch.equal(found[name], value) for name, value in given.items())
    del stored[f'{prefix}head.final_layer.bias']
    torch.save({'model': stored}, tmp_path / 'own.pth')
    with pytest.raises(UsageError, match=r'head\.final_layer\.bias'):
        ClipModel('jm-pose_debug.py', tmp_path / 'own.pth')


def test_clip_model__computes_in_float32_whatever_the_default():
    torch.set_default_dtype(torch.float64)
    try:
        (features,) = ClipModel('jm-pose_debug.py', None).features(
            [np.zeros((128, 96, 3), 'uint8')]
        )
    finally:
        torch.set_default_dtype(torch.float32)
    assert {part.dtype for part in features} == {torch.float32}


def test_moved__is_what_the_other_window_shows(models):
    """On the crop itself, of a smooth picture, moving equals cropping anew."""
    model = models['jm']
    rows, columns = np.mgrid[:120, :160]
    waves = 128 + 60 * np.sin(columns / 9) + 60 * np.cos(rows / 11)
    image = np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)
    source, target = model.window(BOX), model.window(BOX * 1.02 + [2.5, -3, 5, 1])
    crops = [model.crop(image, window) for window in (source, target)]
    one, other = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().unsqueeze(1)
    (moved,) = model.moved((one,), source, target)
    inner = (slice(None), slice(None), slice(16, -16), slice(16, -16))
    assert (moved - other)[inner].abs().mean() < 0.1 * (one - other)[inner].abs().mean()
