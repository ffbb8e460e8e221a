"""The image models of the work: the one that labels, and the one that the student is built on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jmpose_mm.datasets.conversion.own_data.config_facts import BACKBONES
from jmpose_mm.datasets.conversion.own_data.skeletons import LabelledSkeleton
from jmpose_mm.engine.configs import load_config, type_name
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.joint_sides import check_mirror
from jmpose_mm.video.chosen_model import ChosenModel
from jmpose_mm.video.poses.loading import crop_settings, dataset_meta

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['ImageModel', 'check_joints', 'image_model', 'weights_file']


class ImageModel(NamedTuple):
    """A model of single frames.

    Attributes:
        chosen: Config and weights.
        cfg: The config, loaded.
        meta: Facts about its joints, as mmpose has them.
        input_size: (W, H) of its crop in pixels.
    """

    chosen: ChosenModel
    cfg: Config
    meta: dict[str, Any]
    input_size: tuple[int, int]

    @property
    def joints(self) -> tuple[str, ...]:
        """(K,) their names."""
        names = self.meta['keypoint_id2name']
        return tuple(str(names[k]) for k in range(len(names)))

    @property
    def backbone(self) -> str:
        """Name of the backbone among those that video models have.

        Raises:
            UsageError: It is none of them.
        """
        found = _backbone_name(self.cfg.model)
        by_model = {entry.model: name for name, entry in BACKBONES.items()}
        if found not in by_model:
            raise UsageError(
                f'{self.chosen.name}: expected a model to build on with one of the backbones '
                f'{", ".join(by_model)}, got {found}; it can be the teacher of a student that '
                'starts as another with its joints: --start vitpose-s, or CONFIG CHECKPOINT'
            )
        return by_model[found]

    @property
    def skeleton(self) -> LabelledSkeleton:
        """Its joints as data sets of one's own have them."""
        joints, meta = self.joints, self.meta
        flips = [int(k) for k in meta['flip_indices']]
        check_mirror(joints, flips)
        return LabelledSkeleton(
            str(meta.get('category', 'person')),
            joints,
            tuple((name,) for name in joints),
            tuple((joints[int(a)], joints[int(b)]) for a, b in meta['skeleton_links']),
            tuple((joints[k], joints[other]) for k, other in enumerate(flips) if other > k),
            tuple(round(float(sigma), 5) for sigma in meta['sigmas']),
            (),
        )


def image_model(chosen: ChosenModel) -> ImageModel:
    """Read the config of an image model.

    Raises:
        UsageError: It is one of several frames, or not top-down.
    """
    cfg = load_config(chosen.config)
    data = cfg.test_dataloader.dataset
    crop = crop_settings(data.pipeline)
    if len(crop.frame_offsets) > 1:
        raise UsageError(
            f'{chosen.name}: expected a model of single frames, got one of '
            f'{len(crop.frame_offsets)}'
        )
    size = (int(crop.input_size[0]), int(crop.input_size[1]))
    return ImageModel(chosen, cfg, dataset_meta(data), size)


def check_joints(teacher: ImageModel, start: ImageModel) -> None:
    """Raise `UsageError` where a student would start with other joints than its teacher's."""
    if teacher.joints != start.joints:
        raise UsageError(
            f'start: expected the joints of the teacher, {teacher.chosen.name}, '
            f'{_some(teacher.joints)}, got {_some(start.joints)} of {start.chosen.name}'
        )


def _some(joints: Sequence[str]) -> str:
    return f'{len(joints)} ({", ".join(joints[:4])}, …)'


def _backbone_name(model: Mapping[str, Any]) -> str:
    """Name that the packaged models of a backbone have, e.g. ``resnet18``."""
    backbone = model['backbone']
    kind = type_name(backbone)
    if kind == 'DeconvBackbone':
        backbone = backbone['backbone']
        kind = type_name(backbone)
    if kind == 'ResNet':
        return f'resnet{backbone.get("depth")}'
    if kind in ('HRNet', 'HRNetStages'):
        return f'hrnet-w{backbone["extra"]["stage4"]["num_channels"][0]}'
    if kind == 'VisionTransformer':
        return f'vit-{backbone.get("arch")}'
    return str(kind)


def weights_file(model: ImageModel, folder: str | Path | None) -> str:
    """The weights as an absolute path, downloaded unless they are there."""
    return str(Path(model.chosen.file(folder)).resolve())
