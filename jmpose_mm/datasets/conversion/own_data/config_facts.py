"""Facts that ready configs depend on: the data, the backbone and the method."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError

__all__ = ['BACKBONES', 'METHODS', 'ConfigFacts', 'Teacher']


class Backbone(NamedTuple):
    """A backbone, its weights, and how it is trained.

    Attributes:
        model: Name of the packaged model.
        size: Side of the square input in pixels.
        batch: Samples in a batch, of the single frame and of the video model.
        rate: Learning rate of the single frame.
        iterations: Number of steps that the single frame is trained, twice that of the video model.
        weights: Address of the weights that it starts with; None for random weights.
    """

    model: str
    size: int
    batch: tuple[int, int]
    rate: float
    iterations: int
    weights: str | None


_MMPOSE = 'https://download.openmmlab.com/mmpose/'
BACKBONES = {
    'hrnet-w48': Backbone(
        'hrnet-w48',
        384,
        (24, 12),
        5e-4,
        6000,
        _MMPOSE + 'top_down/hrnet/hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth',
    ),
    'hrnet-w32': Backbone(
        'hrnet-w32',
        256,
        (32, 16),
        5e-4,
        6000,
        _MMPOSE + 'top_down/hrnet/hrnet_w32_posetrack18_256x192-1ee951c4_20201028.pth',
    ),
    'resnet18': Backbone('resnet18', 128, (16, 8), 2e-3, 1200, None),
    'resnet50': Backbone(
        'resnet50',
        256,
        (32, 16),
        5e-4,
        6000,
        _MMPOSE + 'top_down/resnet/res50_posetrack18_256x192-a62807c7_20201028.pth',
    ),
    'vit-s': Backbone(
        'vit-small',
        256,
        (32, 16),
        2e-4,
        6000,
        _MMPOSE
        + 'v1/body_2d_keypoint/topdown_heatmap/coco/'
        + 'td-hm_ViTPose-small_8xb64-210e_coco-256x192-62d7a712_20230314.pth',
    ),
}

# Arguments of neck and head besides counts, as in the packaged configs for small inputs.
_LIGHT = 'loss_terms=dict(_base_.head.loss_terms, weight=0.01), '
METHODS: dict[str, dict[str, Any]] = {
    'jm_pose': {},
    'tdmi': {
        'neck': "encoder=dict(modulation='sigmoid'), alignment=dict(modulation='sigmoid'), ",
        'head': _LIGHT,
    },
    'fami_pose': {'neck': "local_alignment=dict(modulation='sigmoid'), ", 'head': _LIGHT},
    'dcpose': {'ends': True, 'offsets': (-1, 0, 1)},
    'posewarper': {'ends': True, 'pairs': True},
    'tar': {'ends': True, 'frozen': "    frozen=('backbone',),\n"},
}


class Teacher(NamedTuple):
    """Who made the labels, where nobody did.

    Attributes:
        weights: Path of the weights of the image model that the video model is built on.
        degraded: Share of the samples whose key frame is degraded.
        iterations: Number of steps of the training; None for the backbone's.
    """

    weights: str
    degraded: float
    iterations: int | None = None


class ConfigFacts(NamedTuple):
    """Facts that the configs of a data set depend on.

    Attributes:
        category: Word for what has the joints.
        joints: Number of joints.
        samples: Number of samples to train on.
        held_out: True where videos are held out.
        milliseconds: Between frames where they are counted by time, else None.
        backbone: One of `BACKBONES`.
        method: One of `METHODS`.
        input_size: (W, H) of the crop in pixels; None for the backbone's own.
        weights: Where the single frame starts; ``'none'`` for random weights, None for the
            backbone's own.
        teacher: Who made the labels; None where people did.
    """

    category: str
    joints: int
    samples: int
    held_out: bool
    milliseconds: float | None
    backbone: str
    method: str
    input_size: tuple[int, int] | None = None
    weights: str | None = None
    teacher: Teacher | None = None

    def check(self) -> None:
        """Raise `UsageError` where one is none of its values."""
        for name, known in (('backbone', BACKBONES), ('method', METHODS)):
            if getattr(self, name) not in known:
                raise UsageError(
                    f'{name}: expected one of {", ".join(known)}, got {getattr(self, name)!r}'
                )
        if any(side < 32 or side % 32 for side in self.size):
            raise UsageError(
                f'input_size: expected multiples of 32, got {self.size[0]}x{self.size[1]}'
            )
        if self._own_weights and not Path(self._own_weights).is_file():
            raise UsageError(
                f"weights: expected a file, an address (https://…) or 'none', got {self.weights!r}"
            )

    @property
    def size(self) -> tuple[int, int]:
        """(W, H) of the crop in pixels."""
        side = BACKBONES[self.backbone].size
        return self.input_size or (side, side)

    @property
    def start(self) -> str | None:
        """Weights that the single frame starts with."""
        if self.weights is None:
            return BACKBONES[self.backbone].weights
        # Configs are used from any folder.
        own = self._own_weights
        return (
            str(Path(own).absolute()) if own else None if self.weights == 'none' else self.weights
        )

    @property
    def _own_weights(self) -> str | None:
        """The file of weights, where it is neither the backbone's nor at an address."""
        given = self.weights or 'none'
        return None if given == 'none' or '://' in given else given
