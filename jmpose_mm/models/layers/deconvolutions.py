"""The deconvolutions of the simple baseline (Xiao et al., ECCV 2018)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

__all__ = ['deconvolutions', 'start_deconvolutions']


def deconvolutions(in_channels: int, channels: Sequence[int]) -> nn.Sequential:
    """One for each of ``channels``, each doubling the grid; parameters are named as in mmpose."""
    layers: list[nn.Module] = []
    for out_channels in channels:
        layers += [
            nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
        in_channels = out_channels
    return nn.Sequential(*layers)


def start_deconvolutions(layers: nn.Sequential) -> None:
    """Draw the weights as in the simple baseline: normal, standard deviation 0.001."""
    for layer in layers:
        if isinstance(layer, nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=0.001)
