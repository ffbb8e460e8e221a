"""Exported graphs give what PyTorch gives, for a batch that they were not traced with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from jmpose_mm.apis.export import export_onnx
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.video.poses.clip_model import ClipModel

METHODS = ['jm-pose', 'tdmi', 'fami-pose', 'dcpose', 'posewarper', 'tar', 'tar on ViT']

onnxruntime = pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')


def _session(file):
    return onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])


def _config(method: str) -> Config:
    cfg = load_config(f'{method.partition(" ")[0]}_debug.py')
    if method.endswith('ViT'):  # its position table is resized in passing
        cfg.model.backbone = {'type': 'jmpose_mm.VisionTransformer', 'arch': (24, 2, 2)}
        cfg.model.neck.update(in_channels=(24,), deconv_channels=(8, 8), position=None)
        cfg.model.neck.attention = {'num_layers': 1, 'norm': 'post'}
    return cfg


@pytest.mark.parametrize('method', METHODS)
def test_export__both_forms_equal_pytorch(method, tmp_path):
    torch.manual_seed(0)
    config = _config(method)
    whole = export_onnx(config, None, tmp_path / 'model.onnx')
    assert [file.name for file in whole] == ['model.onnx']
    torch.manual_seed(0)
    backbone, neck = export_onnx(config, None, tmp_path / 'model.onnx', two_parts=True)
    assert [backbone.name, neck.name] == ['model_backbone.onnx', 'model_neck.onnx']

    torch.manual_seed(0)
    model = ClipModel(config, None, 'cpu')
    frames = torch.randn(3, len(model.frame_offsets), 3, 128, 96)
    with torch.no_grad():
        expected = model.model(frames, None, mode='tensor').numpy()
    (heatmaps,) = _session(whole[0]).run(None, {'frames': frames.numpy()})
    assert np.abs(heatmaps - expected).max() < 1e-3 * np.abs(expected).max()

    session = _session(neck)
    stages = _session(backbone).run(None, {'images': frames.flatten(0, 1).numpy()})
    stages = {f'stage_{i}': s.reshape(3, -1, *s.shape[1:]) for i, s in enumerate(stages, start=1)}
    read = [value.name for value in session.get_inputs()]
    (in_parts,) = session.run(None, {name: stages[name] for name in read})
    assert np.abs(in_parts - expected).max() < 1e-3 * np.abs(expected).max()


def test_export__refuses(tmp_path):
    with pytest.raises(UsageError, match=r'ends in \.onnx'):
        export_onnx('jm-pose_debug.py', None, tmp_path / 'model.pt')
    single = 'single-frame_resnet18_1xb16_synthetic-128x96.py'
    with pytest.raises(UsageError, match='a model with a neck'):
        export_onnx(single, None, tmp_path / 'model.onnx', two_parts=True)
    with pytest.raises(UsageError, match='a model with a neck'):
        export_onnx(Path(single), None, tmp_path / 'model.onnx', two_parts=True)
    assert list(tmp_path.iterdir()) == []


# Small backbones whose traced graphs hold the batch that they were traced with.
SWIN = {'type': 'SwinTransformer', 'embed_dims': 24, 'depths': (1, 1, 1, 1)}
STAGES = {'num_modules': (1,), 'num_branches': (2,), 'num_blocks': (1,), 'module_type': ('LITE',)}
STAGES |= {'with_fuse': (True,), 'reduce_ratios': (8,), 'num_channels': ((40, 80),)}
STEM = {'stem_channels': 32, 'out_channels': 32, 'expand_ratio': 1}
LITE = {'stem': STEM, 'num_stages': 1, 'stages_spec': STAGES, 'with_head': True}
FIXED = {
    'swin': ({'type': 'jmpose_mm.DeconvBackbone', 'backbone': SWIN, 'in_channels': 192}, 192),
    'lite_hrnet': ({'type': 'LiteHRNet', 'in_channels': 3, 'extra': LITE}, 40),
}


@pytest.mark.parametrize('name', FIXED)
def test_export__of_a_fixed_batch_where_a_free_one_is_refused(name, tmp_path, capfd):
    backbone, channels = FIXED[name]
    if name == 'swin':
        backbone, channels = {**backbone, 'deconv_channels': (8, 8, 8)}, 8
    cfg = load_config('tar_debug.py')
    cfg.model.backbone, cfg.model.frozen = backbone, ()
    cfg.model.neck.in_channels = (channels,)
    out = tmp_path / 'model.onnx'
    with pytest.raises(UsageError, match='a fixed batch may do: `batch` 1') as refused:
        export_onnx(cfg, None, out)
    assert '\n' not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    for two_parts in (False, True):
        torch.manual_seed(0)
        files = export_onnx(cfg, None, out, two_parts, batch=2)
        assert all(value.shape[0] == 2 for file in files for value in _session(file).get_inputs())
    assert 'graph(' not in capfd.readouterr().out
    torch.manual_seed(0)
    model = ClipModel(cfg, None, 'cpu')
    frames = torch.randn(2, 5, 3, 128, 96)
    with torch.no_grad():
        expected = model.model(frames, None, mode='tensor').numpy()
    stages = _session(files[0]).run(None, {'images': frames[:, 0].numpy()})
    with torch.no_grad():
        maps = model.model.backbone(frames[:, 0])
    for stage, one in zip(stages, maps, strict=True):
        assert np.abs(stage - one.numpy()).max() < 1e-3 * np.abs(one.numpy()).max()
    (heatmaps,) = _session(out).run(None, {'frames': frames.numpy()})
    assert np.abs(heatmaps - expected).max() < 1e-3 * np.ptp(expected)


def test_export__a_fixed_batch_is_at_least_one(tmp_path):
    with pytest.raises(UsageError, match='batch: expected at least 1, got 0'):
        export_onnx('jm-pose_debug.py', None, tmp_path / 'model.onnx', batch=0)
