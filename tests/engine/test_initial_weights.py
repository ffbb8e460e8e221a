"""What was loaded, what is new, what is frozen: said before the first iteration, or refused."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.hooks import FiniteLossHook
from jmpose_mm.engine.initial_weights import adopt_layout, parts_of_model, start_table
from jmpose_mm.errors import NotFiniteError, UsageError


class Model(BaseModel):
    """A frozen backbone with statistics, a neck of which one layer is frozen, and a head."""

    def __init__(self, loss: float = 1.0) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).requires_grad_(False)
        self.neck = nn.ModuleDict({'heatmap_layer': nn.Linear(3, 2), 'fuse': nn.Linear(2, 2)})
        self.neck['heatmap_layer'].requires_grad_(False)
        self.head = nn.Linear(2, 1)
        self.factor = loss

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> object:
        out = self.head(self.neck['fuse'](self.neck['heatmap_layer'](self.backbone(inputs))))
        return {'loss_kpt': out.square().mean(), 'loss_term': self.factor * out.mean()}


def weights(*, without: str = 'nothing', seed: int = 5) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    state = Model().state_dict()
    return {name: value for name, value in state.items() if not name.startswith(without)}


def start(
    folder: Path, content: Any, model: nn.Module | None = None, rate: float = 0.01, **settings: Any
) -> Runner:
    """Train two iterations from a checkpoint of any content."""
    file = folder / 'start.pth'
    if content is not None:
        torch.save(content, file)
    torch.manual_seed(0)
    loader = dict(
        batch_size=2,
        num_workers=0,
        dataset=[{'inputs': torch.randn(4)} for _ in range(4)],
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    runner = Runner(
        model=model or Model(),
        work_dir=str(folder / 'work'),
        train_dataloader=loader,
        train_cfg=dict(by_epoch=False, max_iters=2),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=rate)),
        custom_hooks=[
            dict(type='jmpose_mm.InitialWeightsHook'),
            dict(type='jmpose_mm.FiniteLossHook'),
        ],
        load_from=None if content is None else str(file),
        default_scope='mmpose',
        experiment_name=f'{folder.name}',
        log_level='INFO',
        cfg=settings,
    )
    runner.texts = []
    handler = logging.Handler()
    handler.emit = lambda record: runner.texts.append(record.getMessage())  # type: ignore[method-assign]
    runner.logger.addHandler(handler)
    try:
        runner.train()
    finally:
        runner.logger.removeHandler(handler)
    return runner


def test_table__says_what_was_loaded_what_is_new_and_what_is_frozen(tmp_path: Path) -> None:
    runner = start(
        tmp_path, {'state_dict': weights(without='neck.fuse') | {'other': torch.ones(1)}}
    )
    (table,) = [text for text in runner.texts if text.startswith('the model starts with')]
    file = tmp_path / 'start.pth'
    rows = [line.split(None, 3) for line in table.splitlines()[2:6]]
    assert rows == [
        ['backbone', '21', 'frozen', f'weights of {file}'],
        ['neck.heatmap_layer', '8', 'frozen', f'weights of {file}'],
        ['neck', '6', 'trained', 'new weights'],
        ['head', '3', 'trained', f'weights of {file}'],
    ]
    assert table.splitlines()[6] == f'not used of {file}: other'
    # instead of mmengine's lists
    assert not any('missing keys' in text or 'unexpected key' in text for text in runner.texts)


def test_end__is_said_where_nothing_is_left_to_train(tmp_path: Path) -> None:
    runner = start(tmp_path, weights())
    assert not any('nothing is left to train' in text for text in runner.texts)
    hook = next(hook for hook in runner.hooks if hasattr(hook, '_check_frozen'))
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    runner.logger.addHandler(handler)
    hook.before_train(runner)  # as a resumed one that is at its end
    runner.logger.removeHandler(handler)
    assert said[0].startswith('nothing is left to train: ')
    assert said[0].partition(' has ')[2].startswith('2 of 2 iterations')


def wrapped(state: dict[str, torch.Tensor]) -> dict[str, Any]:
    return {f'module.{name}': value for name, value in state.items()}


@pytest.mark.parametrize(
    ('layout', 'said'),
    [
        (lambda w: w, ''),
        (lambda w: {'state_dict': w}, ''),
        (lambda w: {'model': w, 'epoch': 3}, "weights under 'model'"),
        (lambda w: {'ema_state_dict': w}, "weights under 'ema_state_dict'"),
        (lambda w: {'state_dict': wrapped(w)}, "names without 'module.'"),
        (
            lambda w: {'model': {f'net.model.{n}': v for n, v in w.items()}},
            "weights under 'model', names without 'net.model.'",
        ),
    ],
)
def test_other_layouts__are_loaded(layout: Any, said: str, tmp_path: Path) -> None:
    runner = start(tmp_path, layout(weights()))
    assert f'checkpoint: taken with {said}' in runner.texts or not said
    for name, value in weights().items():
        if name.startswith('backbone') and name.endswith(('weight', 'bias')):
            assert torch.equal(runner.model.state_dict()[name], value)


def test_adopt_layout__a_model_of_other_parts_has_its_names() -> None:
    checkpoint = {'state_dict': {'linear.weight': torch.ones(1)}}
    assert adopt_layout(checkpoint, ['linear.weight']) == ''
    assert list(checkpoint['state_dict']) == ['linear.weight']


def test_bare_backbone__is_recognised() -> None:
    own = weights()
    bare = {n.removeprefix('backbone.'): v for n, v in own.items() if n.startswith('backbone.')}
    checkpoint = {'state_dict': dict(bare)}
    assert adopt_layout(checkpoint, own) == "names with 'backbone.'"
    assert checkpoint['state_dict'] == {f'backbone.{name}': value for name, value in bare.items()}
    foreign = {'state_dict': {'encoder.0.weight': torch.ones(1)}}
    assert adopt_layout(foreign, own) == ''
    assert list(foreign['state_dict']) == ['encoder.0.weight']


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (
            None,
            r'frozen backbone \(6 weights\), neck.heatmap_layer \(2 weights\), got none from no ',
        ),
        (weights(without='backbone'), r'frozen backbone \(6 weights\), got none from .*start\.pth'),
        (weights(without='backbone.1.b'), r'frozen backbone \(1 weights\)'),
        (weights(without='backbone.1.run'), r'frozen backbone \(2 weights\)'),
        (
            weights() | {f'neck.heatmap_layer.{n}': torch.ones(5, 3)[:, 0] for n in ('bias',)},
            r'frozen neck\.heatmap_layer \(1 weights\)',
        ),
        (
            {'encoder.weight': torch.ones(2)},
            r'nothing of .*start\.pth fits; it has encoder\.weight',
        ),
        ({'model': weights(without='backbone')}, 'frozen backbone'),
    ],
)
def test_frozen_part__that_nothing_filled_is_refused(
    content: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        start(tmp_path, content)
    assert not list(tmp_path.rglob('iter_*.pth'))


def test_frozen_part__may_stay_random_where_the_config_says_so(tmp_path: Path) -> None:
    runner = start(tmp_path, None, allow_random_frozen=True)
    assert runner.iter == 2
    assert [text for text in runner.texts if text.startswith('frozen, and random: backbone')]


def test_model__with_nothing_left_to_train_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'model\.frozen: expected something left to train'):
        start(tmp_path, weights(), Model().requires_grad_(False))


def test_learning_rate__of_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'optimizer\.lr: expected more than 0, got 0'):
        start(tmp_path, weights(), rate=0.0)


def test_frozen_constants__are_no_weights(tmp_path: Path) -> None:
    model = Model()
    model.backbone.position = nn.Parameter(torch.ones(3), requires_grad=False)
    assert start(tmp_path, weights(), model).iter == 2


def test_pretrained_module__counts_as_filled(tmp_path: Path) -> None:
    model = Model()
    model.backbone.init_cfg = dict(type='Pretrained', checkpoint='some.pth')
    content = weights(without='backbone')
    assert start(tmp_path, content, model).iter == 2


def test_parts__of_a_module_that_is_frozen_in_part() -> None:
    parts = parts_of_model(Model(), {'head.weight'})
    assert [(part.name, part.is_frozen) for part in parts] == [
        ('backbone', True),
        ('neck.heatmap_layer', True),
        ('neck', False),
        ('head', False),
    ]
    assert parts[-1].loaded == ('head.weight',)
    assert 'weights of x; new: head.bias' in start_table(parts, 'x')


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_loss__that_is_not_finite_ends_with_the_iteration_and_the_term(
    value: float, tmp_path: Path
) -> None:
    with pytest.raises(NotFiniteError, match=r'iteration 1: .* in loss_term;'):
        start(tmp_path, weights(), Model(loss=value))


def test_finite_loss__looks_at_every_term() -> None:
    hook = FiniteLossHook()
    runner = type('R', (), {'iter': 6})()
    fine = {'loss': torch.tensor(1.0), 'loss_a': torch.tensor(1.0), 'acc_pose': float('nan')}
    hook.after_train_iter(runner, 0, None, fine)
    hook.after_train_iter(runner, 0, None, {})
    broken = fine | {'loss': torch.tensor(float('nan')), 'loss_b': torch.tensor(float('nan'))}
    with pytest.raises(NotFiniteError, match=r'iteration 7: .* in loss_b;'):
        hook.after_train_iter(runner, 0, None, broken)


@pytest.mark.parametrize(
    'key', ['posetrack/AP', 'hieve/AP@avg', 'sub-jhmdb/PCK@0.2_box_Mean', 'auto']
)
def test_save_best__works_under_the_names_that_are_logged(key: str) -> None:
    cfg = load_config('jm-pose_debug.py', [f'default_hooks.checkpoint.save_best={key}'])
    settings = dict(cfg.default_hooks.checkpoint)
    settings.pop('type')
    hook = CheckpointHook(**settings)
    if key == 'auto':
        key = 'posetrack/AP'
        hook._init_rule(hook.rules, [key])
    assert hook.is_better_than[key](2, 1)
    assert not hook.is_better_than[key](1, 2)
