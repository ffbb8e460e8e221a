from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmpose.structures import PoseDataSample

from jmpose_mm.models.data_preprocessors import ClipDataPreprocessor

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def clips(frames: int = 5, count: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (frames, 3, 6, 4)
    return [
        torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for _ in range(count)
    ]


def reference(clip: torch.Tensor) -> np.ndarray:
    """BGR frames of 0..255 to normalised RGB, one pixel's colour after the other."""
    frames = clip.numpy().astype(np.float64)
    expected = np.empty_like(frames)
    for rgb in range(3):
        expected[:, rgb] = (frames[:, 2 - rgb] - MEAN[rgb]) / STD[rgb]
    return expected


@pytest.mark.parametrize('frames', [1, 2, 3, 5])
@pytest.mark.parametrize('stacked', [True, False])
def test_forward__normalises_colours_and_leaves_frames_in_order(frames: int, stacked: bool) -> None:
    batch = clips(frames)
    inputs = torch.stack(batch) if stacked else batch
    outputs = ClipDataPreprocessor()({'inputs': inputs, 'data_samples': None})['inputs']
    assert outputs.shape == (2, frames, 3, 6, 4)
    assert outputs.dtype == torch.float32
    for output, clip in zip(outputs, batch, strict=True):
        np.testing.assert_allclose(output.numpy(), reference(clip), atol=1e-5)


def test_forward__without_colour_change() -> None:
    batch = clips()
    outputs = ClipDataPreprocessor(MEAN, STD, bgr_to_rgb=False)({'inputs': batch})['inputs']
    np.testing.assert_allclose(
        outputs[0, :, 0].numpy(), (batch[0][:, 0].numpy() - MEAN[0]) / STD[0], atol=1e-5
    )


@pytest.mark.parametrize('stacked', [True, False])
def test_forward__single_images_are_clips_of_one_frame(stacked: bool) -> None:
    images = [clip[0] for clip in clips()]
    inputs = torch.stack(images) if stacked else images
    outputs = ClipDataPreprocessor()({'inputs': inputs})['inputs']
    assert outputs.shape == (2, 1, 3, 6, 4)
    np.testing.assert_allclose(outputs[1].numpy(), reference(images[1][None]), atol=1e-5)


@pytest.mark.parametrize('collate', [pseudo_collate, default_collate])
def test_forward__takes_what_both_collations_give(collate: object) -> None:
    samples = [PoseDataSample(metainfo={'id': k}) for k in range(2)]
    batch = collate(
        [{'inputs': c, 'data_samples': s} for c, s in zip(clips(), samples, strict=True)]
    )
    outputs = ClipDataPreprocessor()(batch)
    assert outputs['inputs'].shape == (2, 5, 3, 6, 4)
    assert [s.id for s in outputs['data_samples']] == [0, 1]


def test_forward__input_is_left_alone() -> None:
    batch = clips()
    before = batch[0].clone()
    ClipDataPreprocessor()({'inputs': batch})
    assert batch[0].equal(before)


def test_buffers__are_not_part_of_checkpoints() -> None:
    assert dict(ClipDataPreprocessor().state_dict()) == {}


@pytest.mark.parametrize(
    ('inputs', 'text'),
    [
        ([torch.zeros(5, 3, 4, 4), torch.zeros(3, 3, 4, 4)], 'clips of one shape, got'),
        ([], 'clips of one shape, got'),
        (torch.zeros(2, 5, 4, 4, 3), r'expected \(B, T, 3, H, W\).*got \(2, 5, 4, 4, 3\)'),
        (torch.zeros(5, 4), r'got \(5, 4\)'),
    ],
)
def test_forward__names_what_is_wrong(inputs: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ClipDataPreprocessor()({'inputs': inputs})


@pytest.mark.parametrize('arguments', [{'mean': (0.0,)}, {'std': (1.0, 1.0)}, {'std': (1, 1, 0)}])
def test_arguments__are_checked(arguments: dict) -> None:
    with pytest.raises(ValueError, match='mean and std: expected three numbers each'):
        ClipDataPreprocessor(**arguments)
