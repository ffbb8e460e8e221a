"""Counted operations are those of the layers' shapes; the page has what the command counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from jmpose_mm.apis.complexity import complexity_page, complexity_table, model_complexity
from jmpose_mm.engine.configs import PACKAGED_CONFIGS, load_config
from jmpose_mm.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'complexity.md').read_text(encoding='utf-8')


def layers_cost(cfg: Config, frames: int) -> float:
    """Billions of multiply-adds by shape: each weight of a layer, once for each place it is at."""
    costs = []

    def add(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        placed = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        channels = placed.shape[-1] if isinstance(module, nn.Linear) else placed.shape[1]
        costs.append(module.weight.numel() * placed.numel() // channels)

    with FakeTensorMode(), torch.no_grad():
        model = MODELS.build(cfg.model).eval()
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                module.register_forward_hook(add)
        width, height = cfg.codec.input_size
        model(torch.zeros(1, frames, 3, height, width), None, mode='tensor')
    return sum(costs) / 1e9


@pytest.mark.parametrize(
    ('name', 'attention'),
    [
        ('single-frame_resnet18_1xb16_synthetic-128x96.py', 0),
        # 12 layers of 384 channels, 24 x 18 tokens: scores, and the values weighed by them
        ('single-frame_vit-small_1xb30-20e_posetrack18-384x288.py', 12 * 2 * 432**2 * 384 / 1e9),
    ],
)
def test_complexity__is_that_of_the_layers_shapes(name: str, attention: float) -> None:
    cfg = load_config(name)
    found = model_complexity(cfg)
    assert sum(found.gflops.values()) == pytest.approx(layers_cost(cfg, 1) + attention, rel=1e-9)
    assert found.gflops['neck'] == 0
    assert found.frozen == 0


def test_complexity__tells_trained_from_frozen_and_part_from_part() -> None:
    cfg = load_config('jm-pose_debug.py')
    found = model_complexity(cfg)
    model = MODELS.build(cfg.model)
    frozen = [*model.backbone.parameters(), *model.neck.heatmap_layer.parameters()]
    assert found.frozen == sum(value.numel() for value in frozen)
    assert found.trained + found.frozen == sum(value.numel() for value in model.parameters())
    one = model_complexity(load_config('single-frame_resnet18_1xb16_synthetic-128x96.py'))
    # the layers before the heatmaps are the same, for each of the frames
    backbone = (one.gflops['backbone'] + one.gflops['head']) * found.num_frames
    assert found.gflops['backbone'] == pytest.approx(backbone, rel=0.01)
    assert 0 < found.gflops['head'] < found.gflops['neck'] < found.gflops['backbone']


def test_page__is_what_the_command_counts(tmp_path: Path) -> None:
    rows = {line.split('`')[1]: line.split() for line in PAGE.splitlines() if line[:3] == '| `'}
    packaged = PACKAGED_CONFIGS.resolve().rglob('*.py')
    assert set(rows) == {path.stem for path in packaged if '_base_' not in path.parts}
    names = ('tdmi_debug.py', 'single-frame_hrnet-w32_1xb30-20e_posetrack18-256x192.py')
    counted = complexity_page(tmp_path / 'page.md', complexity_table(names)).read_text()
    text, _, table = counted.partition('\n|')
    assert PAGE.startswith(text)
    for line in table.splitlines()[2:]:
        assert rows[line.split('`')[1]] == line.split()


def test_complexity__of_an_image_model_is_the_published_one() -> None:
    found = model_complexity(load_config('rtmpose-t_8xb256-420e_body8-256x192.py'))
    # mmpose's table: 3.34 M parameters, 0.36 GFLOPs
    assert (found.num_frames, found.input_size) == (1, (192, 256))
    assert round(found.trained / 1e6, 2) == 3.34
    assert sum(found.gflops.values()) == pytest.approx(0.36, abs=0.006)


def test_table__takes_changes_of_the_config() -> None:
    changes = ['model.neck.frame_offsets=[-1,0,1]']
    for split in ('train', 'val', 'test'):
        step = f'{split}_dataloader.dataset.pipeline.0.frame_offsets'
        changes.append(f'{step}=[-1,0,1]')
    (_, row) = complexity_table('jm-pose_debug.py', changes)
    assert row[:3] == ('jm-pose_debug', '128x96', '3')
