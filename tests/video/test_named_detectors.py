"""Detectors by name; their weights are random, from a folder that stands for a download."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision

from jmpose_mm.errors import UsageError
from jmpose_mm.video.people.named_detectors import named_detector

SMALL = 'ssdlite320_mobilenet_v3_large'


def test_torchvision__persons_alone_as_xywh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = torchvision.models.get_model(SMALL, weights=None, weights_backbone=None)
    torch.save(model.state_dict(), tmp_path / 'x.pth')
    digest = hashlib.sha256((tmp_path / 'x.pth').read_bytes()).hexdigest()[:8]
    (tmp_path / 'x.pth').rename(tmp_path / f'ssdlite-{digest}.pth')
    address = f'https://download.example/ssdlite-{digest}.pth'
    known = SimpleNamespace(DEFAULT=SimpleNamespace(url=address))
    monkeypatch.setattr('torchvision.models.get_model_weights', lambda name: known)
    detector = named_detector(f'torchvision:{SMALL}', 'cpu', tmp_path)
    assert detector.name == f'torchvision {SMALL} (ssdlite-{digest}.pth)'
    image = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    seen = []

    def found(images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        seen.extend(images)
        return [
            {
                'boxes': torch.tensor([[1.0, 2, 11, 22], [3, 4, 8, 9]]),
                'labels': torch.tensor([1, 18]),
                'scores': torch.tensor([0.5, 0.75]),
            }
        ]

    assert isinstance(detector(image), list)  # it runs
    detector.model = found
    assert detector(image) == [([1.0, 2.0, 10.0, 20.0], 0.5)]
    # RGB in [0, 1]
    np.testing.assert_allclose(
        seen[0].numpy() * 255, image[..., ::-1].transpose(2, 0, 1), atol=1e-3
    )


def test_weights__that_cannot_be_had_leave_other_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('jmpose_mm.downloads.ATTEMPTS', 1)
    monkeypatch.setattr(
        'jmpose_mm.video.people.named_detectors.DETECTORS',
        {'rtmdet-nano': SimpleNamespace(config='', weights='http://127.0.0.1:9/a-01234567.pth')},
    )
    monkeypatch.setattr('jmpose_mm.video.people.named_detectors.detector_config', lambda name: '')
    with pytest.raises(UsageError) as error:
        named_detector('auto', 'cpu', tmp_path)
    for part in ('rtmdet-nano has no weights here', str(tmp_path), '--boxes FILE', 'whole', 'hog'):
        assert part in str(error.value)


@pytest.mark.parametrize('name', ['yolo', 'torchvision:yolo', 'mmdet:only-config'])
def test_name__that_there_is_not(name: str) -> None:
    with pytest.raises(UsageError, match='detector: expected'):
        named_detector(name)


def test_unknown__is_told_what_is_a_detector() -> None:
    with pytest.raises(UsageError, match=r"or hog; of films also .*, got 'whole'"):
        named_detector('whole', 'cpu')
