"""mmpose 0.x's PoseWarper file, as it is, to a film by one command."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'posewarper_hrnet-w48_8xb8-20e_posetrack18-384x288.py'
KEYS = ROOT / 'tests' / 'parity' / 'fixtures' / 'posewarper_mmpose_keys.json'


def _tool(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_infer_video__a_file_of_mmpose_0x_makes_a_film(make_video, tmp_path, monkeypatch):
    """Names and shapes are all that the file brings: the weights are drawn."""
    torch.manual_seed(0)
    state = {
        name: torch.full(shape, 0.5) if len(shape) < 2 else torch.randn(shape).mul_(0.02)
        for name, shape in json.loads(KEYS.read_text(encoding='utf-8'))
    }
    file = tmp_path / 'hrnet_w48_posetrack18_384x288_posewarper_stage2.pth'
    meta = {'epoch': 20, 'iter': 100, 'mmpose_version': '0.20.0', 'config': 'model = dict()'}
    torch.save({'state_dict': state, 'meta': meta, 'optimizer': {'state': {}}}, file)
    command = ['infer_video.py', make_video(count=2), CONFIG, file, '--detector', 'whole']
    command += ['--out-dir', tmp_path / 'out', '--device', 'cpu']
    monkeypatch.setattr(sys, 'argv', [str(part) for part in command])
    assert _tool('infer_video').main() == 0
    film = cv2.VideoCapture(str(tmp_path / 'out' / 'film.mp4'))
    assert int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == 2
    poses = json.loads((tmp_path / 'out' / 'poses.json').read_text(encoding='utf-8'))
    keypoints = [p['keypoints'] for frame in poses['frames'] for p in frame['persons']]
    assert np.shape(keypoints)[:2] == (2, 17)
    assert np.isfinite(keypoints).all()
