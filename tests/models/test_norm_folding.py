"""Folding changes no map: what cannot be folded stays, whatever the order of registration."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from jmpose_mm.models.layers.norm_folding import fast_copy, fold_batch_norm


class Block(nn.Module):
    """UniFormer's start of a block: a normalisation registered behind a convolution, not after."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv1, self.bn1 = nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pos_embed(x)
        return self.bn1(self.conv1(self.norm1(x)))


class Twice(nn.Module):
    """One convolution under two normalisations, as heads over several scales have."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.first, self.second = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.last, self.norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.last(self.first(self.conv(x)) + self.second(self.conv(x + 1))))


class ReadTwice(Twice):
    """A convolution that a sum reads as well as its normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        convolved = self.conv(x)
        return self.norm(self.last(self.first(convolved) + convolved))


class OtherOrder(Twice):
    """Registered long before its normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


def randomized(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for value in (part.weight, part.running_var):
                nn.init.uniform_(value, 0.5, 2)
            for value in (part.bias, part.running_mean):
                nn.init.normal_(value)
    return module.eval()


@pytest.mark.parametrize(
    ('kind', 'folded'),
    [
        (Block, {'bn1'}),
        (Twice, {'norm'}),
        (ReadTwice, {'norm'}),
        (OtherOrder, {'norm'}),
    ],
)
def test_fold__leaves_what_it_cannot_fold(kind: type[nn.Module], folded: set[str]) -> None:
    module = randomized(kind())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    copied = fold_batch_norm(module, torch.randn(1, 4, 6, 6))
    gone = {name for name, part in copied.named_children() if isinstance(part, nn.Identity)}
    assert gone == folded
    images = torch.randn(2, 4, 6, 6)
    assert torch.allclose(copied(images), module(images), atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not any(part._forward_hooks for part in module.modules())


def test_fast_copy__is_folded_in_another_type() -> None:
    module = randomized(Block())
    copied = fast_copy(module, 'bfloat16', example=torch.randn(1, 4, 6, 6))
    assert isinstance(copied.bn1, nn.Identity)
    assert copied.conv1.weight.dtype == torch.bfloat16


def test_fold__without_running_statistics_is_none() -> None:
    module = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)).eval()
    copied = fold_batch_norm(module, torch.randn(1, 3, 4, 4))
    assert isinstance(copied[1], nn.BatchNorm2d)


def test_fold__refuses_a_module_in_training() -> None:
    with pytest.raises(ValueError, match='evaluation mode'):
        fold_batch_norm(nn.Sequential(nn.Conv2d(3, 3, 1)), torch.randn(1, 3, 4, 4))
