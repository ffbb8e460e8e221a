"""Exported graphs give what PyTorch gives, for a batch that they were not traced with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from jmpose_mm.apis.export import export_onnx
from jmpose_mm.errors import UsageError
from jmpose_mm.video.poses.clip_model import ClipModel

onnxruntime = pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')


def _session(file):
    return onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])


@pytest.mark.parametrize('method', ['jm-pose', 'tdmi', 'fami-pose', 'dcpose', 'posewarper', 'tar'])
def test_export__both_forms_equal_pytorch(method, tmp_path):
    torch.manual_seed(0)
    config = f'{method}_debug.py'
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
    assert list(tmp_path.iterdir()) == []
