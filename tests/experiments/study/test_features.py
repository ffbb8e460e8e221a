"""Training and testing on stored features is training and testing on images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from experiments.study import training
from experiments.study.evaluation import predict, predict_images
from experiments.study.features import StoredClips, load_clips, neck_features, store_clips
from experiments.study.plan import RUNS
from experiments.study.set_up import method, run_config
from experiments.study.training import built_model, frame_offsets, train_on_features

STORED = (-2, -1, 0, 1, 2)
NAMES = (
    'single_frame',
    'dcpose',
    'fami_pose',
    'tdmi',
    'tar',
    'jm_pose',
    'jm_pose-copies',
)
BY_NAME = {run.name: run for run in RUNS}
HALF = 2e-3  # float16 has 11 bits


def _loader(cfg, training: bool):
    loader = cfg.train_dataloader if training else cfg.test_dataloader
    loader.update(batch_size=4, drop_last=False)
    loader.sampler.shuffle = False
    loader.dataset.indices = list(range(8))
    return Runner.build_dataloader(loader, seed=0)


def _awake(model: nn.Module) -> None:
    """Weights as if trained: the released ones start so small that maps underflow in float16."""
    torch.manual_seed(0)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight)
            layer.weight.data *= 0.01 if 'offset' in name else 0.5


def _alike(name: str, study):
    """Config and model of a run, and the baseline whose frozen backbone it has."""
    cfg = run_config(study, BY_NAME[name], 0)
    model = built_model(cfg, None, 'cpu')
    baseline = built_model(run_config(study, method('single_frame'), 0), None, 'cpu').eval()
    for one in (model, baseline):
        _awake(one)
    model.backbone.load_state_dict(baseline.backbone.state_dict())
    return cfg, model, baseline


@pytest.fixture(scope='module')
def stored(study, tmp_path_factory):
    """Test clips."""
    cfg, _, baseline = _alike('jm_pose', study)
    loader = _loader(cfg, training=False)
    folder = tmp_path_factory.mktemp('features') / 'test'
    return store_clips(folder, baseline, loader, loader.dataset.metainfo, STORED, 8)


@pytest.fixture(scope='module')
def learnable(study, tmp_path_factory):
    """Training clips."""
    cfg, _, baseline = _alike('jm_pose', study)
    folder = tmp_path_factory.mktemp('features') / 'train'
    return store_clips(folder, baseline, _loader(cfg, training=True), {}, STORED, 8)


@pytest.mark.parametrize('name', NAMES)
def test_stored_clips__give_the_loss_of_images(study, name, tmp_path):
    cfg, model, baseline = _alike(name, study)
    model.train()
    if name == 'single_frame':
        model.backbone.eval()  # the stored features are those of the frozen backbone
    five = _loader(run_config(study, method('jm_pose'), 0), training=True)
    (batch,) = (b for i, b in enumerate(five) if i == 0)
    clips = store_clips(tmp_path / 'x', baseline, [batch], five.dataset.metainfo, STORED, 4)
    copies = BY_NAME[name].copies
    ((clip, samples),) = clips.batches(4, frame_offsets(cfg), copies)
    found = model.head.loss(neck_features(model, clip), samples, model.train_cfg)

    data = model.data_preprocessor(batch, True)
    frames = [STORED.index(0 if copies else offset) for offset in frame_offsets(cfg)]
    expected = model.loss(data['inputs'][:, frames], data['data_samples'])
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=HALF, atol=1e-5)


@pytest.mark.parametrize('name', NAMES)
def test_stored_clips__give_the_predictions_of_images(study, name, stored):
    cfg, model, _ = _alike(name, study)
    found = predict(model, stored, frame_offsets(cfg), BY_NAME[name].copies)
    expected = predict_images(model, _loader(cfg, training=False))
    assert [s.img_path for s in found] == [s.img_path for s in expected]
    a, b = (np.stack([s.pred_instances.keypoints[0] for s in x]) for x in (found, expected))
    away = np.linalg.norm(a - b, axis=-1)
    # Where two maxima are as high, rounding decides.
    assert (away < 0.5).mean() > 0.95
    a, b = (np.stack([s.pred_instances.keypoint_scores[0] for s in x]) for x in (found, expected))
    np.testing.assert_allclose(a, b, atol=5e-3 * np.abs(b).max())


def _numbered() -> StoredClips:
    """Every value of a clip's frame is 10 times the clip plus the frame."""
    values = 10 * np.arange(5)[:, None] + np.arange(5)
    stage = np.broadcast_to(values[:, :, None, None, None], (5, 5, 2, 3, 3)).astype(np.float16)

    class Sample:
        def to(self, device):
            return self

    return StoredClips((stage,), STORED, [Sample() for _ in range(5)], {})


def test_batches__take_the_frames_asked_for_in_order():
    batches = [clip.stages[0][..., 0, 0, 0].tolist() for clip, _ in _numbered().batches(2, (-1, 2))]
    assert batches == [[[1, 4], [11, 14]], [[21, 24], [31, 34]], [[41, 44]]]


def test_batches__of_copies_and_without_the_rest():
    batches = _numbered().batches(2, (-1, 0, 1), copies=True, drop_last=True)
    shown = [clip.stages[0][..., 0, 0, 0].tolist() for clip, _ in batches]
    assert shown == [[[2, 2, 2], [12, 12, 12]], [[22, 22, 22], [32, 32, 32]]]


def test_batches__of_pairs_are_the_key_frame_and_any_other():
    pairs = np.random.default_rng(0)
    batches = list(_numbered().batches(2, (-1, 0, 1), pairs=pairs))
    shown = [row for clip, _ in batches for row in clip.stages[0][..., 0, 0, 0].tolist()]
    assert [row[0] for row in shown] == [2, 12, 22, 32, 42]
    supports = [row[1] % 10 for row in shown]
    assert set(supports) <= {1, 2, 3}
    assert len(set(supports)) > 1
    # The next pass draws others.
    again = [c.stages[0][..., 0, 0, 0] for c, _ in _numbered().batches(2, (-1, 0, 1), pairs=pairs)]
    assert [row[1] % 10 for clip in again for row in clip.tolist()] != supports


def test_batches__frame_that_is_not_stored():
    with pytest.raises(ValueError, match=r'offsets: expected some of .* got \[3\] too'):
        next(_numbered().batches(2, (0, 3)))


@pytest.mark.parametrize('count', [7, 9])
def test_store_clips__another_number_leaves_nothing(study, tmp_path, count):
    cfg, _, baseline = _alike('jm_pose', study)
    with pytest.raises(ValueError, match=rf'batches: expected {count} clips, got'):
        store_clips(tmp_path / 'x', baseline, _loader(cfg, False), {}, STORED, count)
    assert not (tmp_path / 'x').exists()


def test_load_clips__are_what_was_stored(stored):
    again = load_clips(Path(stored.stages[0].filename).parent)
    assert again.offsets == STORED
    assert len(again) == 8
    assert np.array_equal(again.stages[3], stored.stages[3])
    assert [s.img_path for s in again.samples] == [s.img_path for s in stored.samples]


def test_train_on_features__follows_the_cycle_of_the_config_and_learns(
    study, learnable, monkeypatch
):
    cfg, model, _ = _alike('jm_pose', study)
    clips = learnable
    repeated = StoredClips(
        tuple(np.concatenate([stage] * 5) for stage in clips.stages),
        clips.offsets,
        clips.samples * 5,
        {},
    )
    frozen = {k: v.clone() for k, v in model.state_dict().items() if k.startswith('backbone')}
    rates, step = [], torch.optim.AdamW.step

    def watched(optimizer, *args, **kwargs):
        rates.append(optimizer.param_groups[0]['lr'])
        return step(optimizer, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, 'step', watched)
    before = train_on_features(model, cfg, clips)
    rates.clear()
    after = train_on_features(model, cfg, repeated)
    assert after < 0.8 * before
    assert rates == pytest.approx(_one_cycle(10))
    rates.clear()
    train_on_features(model, cfg, clips, passes=5)
    assert rates == pytest.approx(_one_cycle(10))
    assert all(torch.equal(model.state_dict()[key], value) for key, value in frozen.items())


@pytest.mark.parametrize(
    ('name', 'late', 'frames', 'terms'),
    [('jm_pose', 0.5, 5, [False, False, True, True]), ('posewarper', 0.0, 2, [False] * 4)],
)
def test_train_on_features__objective_begins_late_and_pairs_are_pairs(
    study, learnable, monkeypatch, name, late, frames, terms
):
    cfg, model, _ = _alike(name, study)
    learnt, parse, forward = [], type(model).parse_losses, training.neck_features

    def parsed(self, named):
        learnt.append(any(key.startswith('loss_joint_motion') for key in named))
        return parse(self, named)

    def seen(model, clip):
        assert clip.stages[-1].shape[1] == frames
        return forward(model, clip)

    monkeypatch.setattr(type(model), 'parse_losses', parsed)
    monkeypatch.setattr(training, 'neck_features', seen)
    assert np.isfinite(train_on_features(model, cfg, learnable, passes=2, objective_from=late))
    assert learnt == terms


def _one_cycle(steps: int) -> list[float]:
    """Learning rates of the config's cycle, by torch's own scheduler."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2e-3)
    cycle = OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.15, cycle_momentum=False)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        cycle.step()
    return rates
