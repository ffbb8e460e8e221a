"""An estimator taken apart for video: a crop passes the backbone once, windows of frames the rest.

Axes: N crops or persons, T frames, V views (the crop, and its mirror image in a flip test),
C channels, K keypoints, H W crop, h w feature grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor

from jmpose_mm.engine.devices import check_compiler, choose_device
from jmpose_mm.errors import UsageError
from jmpose_mm.functional.crop import warp_matrix
from jmpose_mm.functional.crop_windows import CropWindow, crop_window, window_move
from jmpose_mm.functional.translation import resample
from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment
from jmpose_mm.models.layers.norm_folding import DTYPES, fast_copy
from jmpose_mm.structures import ClipFeatures, FrameFeatures
from jmpose_mm.video.poses.loading import crop_settings, dataset_meta, load_model, whole_config

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['ClipModel', 'CropFeatures']

# What is known of a crop before frames meet, each (V, ...): without a neck the backbone's stages.
CropFeatures = tuple[Tensor, ...]
# (N, K, h, w); or the profiles of the axes, (N, K, w) and (N, K, h).
Heatmaps = Tensor | tuple[Tensor, Tensor]


class ClipModel:
    """A model of a config of this package, or a top-down model of mmpose for images.

    Args:
        config: Path, packaged name, or a :class:`Config`, which is not changed.
        checkpoint: Weights; every entry must fit and be finite. None keeps the random start,
            for tests.
        device: See :func:`jmpose_mm.engine.devices.choose_device`.
        dtype: Type of the backbone and of what predicts offsets and modulation in the neck:
            ``'float32'``, ``'bfloat16'`` or ``'float16'``. All else stays in float32.
        flip_test: Average with the mirrored clip; None leaves it to the config.
        compile: Compile the backbone with ``torch.compile``, which needs a C++ compiler.

    Attributes:
        frame_offsets: Offsets of the frames of a pose, e.g. ``(-2, -1, 0, 1, 2)``.
        dataset_meta: Names, flip pairs and edges of the keypoints.

    Raises:
        UsageError: Config and checkpoint do not exist or do not fit each other.
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | None,
        device: str | torch.device | None = 'auto',
        dtype: str = 'float32',
        flip_test: bool | None = None,
        compile: bool = False,
    ) -> None:
        if dtype not in DTYPES:
            raise UsageError(f'dtype: expected one of {", ".join(DTYPES)}, got {dtype!r}')
        self.cfg = whole_config(config)
        self.device = choose_device(device)
        if compile:
            check_compiler(self.device)
        # In float32, whatever torch's default is.
        self.model = load_model(self.cfg.model, checkpoint).float().to(self.device).eval()
        self.dataset_meta = dataset_meta(self.cfg.test_dataloader.dataset)
        pipeline = self.cfg.test_dataloader.dataset.pipeline
        self.frame_offsets, self.padding, self.input_size, self.warp = crop_settings(pipeline)
        neck = self.model.neck if self.model.with_neck else None
        self.clip_neck = neck if hasattr(neck, 'frame_features') else None
        test_cfg = self.cfg.model.get('test_cfg') or {}
        self.flip_test = test_cfg.get('flip_test', False) if flip_test is None else flip_test
        self.shift_heatmap = test_cfg.get('shift_heatmap', False)
        self.dtype = DTYPES[dtype]
        noise = torch.Generator().manual_seed(0)  # the global state is the caller's
        example = torch.rand(1, 3, *reversed(self.input_size), generator=noise)
        self.backbone = fast_copy(self.model.backbone, dtype, example=example)
        if self.dtype != torch.float32:
            for module in self.model.modules():
                if isinstance(module, ModulatedAlignment):
                    module.predictor_dtype = self.dtype
        if compile:
            self.backbone = torch.compile(self.backbone)

    @property
    def batch_size(self) -> int:
        """The number of crops that is fastest in one batch.

        On a processor feature maps should stay below 32 MiB: larger ones the C library maps anew
        each time, and the page faults took a fifth of the time (docs/performance.md).
        """
        wide, high = self.input_size
        return 8 if self.device.type != 'cpu' else max(1, min(8, 2 * 384 * 288 // (wide * high)))

    def window(self, box: np.ndarray) -> CropWindow:
        """The crop window of a box ``(4,)`` xyxy, as the config's test pipeline has it."""
        return crop_window(box, self.padding, self.input_size[0] / self.input_size[1])

    def crop(self, image: np.ndarray, window: CropWindow) -> np.ndarray:
        """The crop of an image ``(H, W, 3)`` in a window: uint8 of the model's input size."""
        # The released warp divides by the width less one pixel.
        scale = np.maximum(window.scale, 2 * window.scale / window.scale.min())
        matrix = warp_matrix(window.center, scale, 0.0, self.input_size, self.warp)
        return cv2.warpAffine(image, matrix, self.input_size, flags=cv2.INTER_LINEAR)

    @torch.inference_mode()
    def features(self, crops: Sequence[np.ndarray]) -> list[CropFeatures]:
        """Features of each crop, all that is made of one frame alone, ``(V, ...)`` each.

        Raises:
            UsageError: Somebody has put the model into training mode.
        """
        if self.model.training:  # the copied backbone does not train along either
            raise UsageError('model: expected evaluation mode, got training mode; call eval()')
        stacked = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
        images = self.model.data_preprocessor({'inputs': stacked, 'data_samples': []})['inputs']
        images = images[:, 0] if images.dim() == 5 else images
        if self.flip_test:
            images = torch.stack((images, images.flip(-1)), dim=1).flatten(0, 1)
        images = images.contiguous(memory_format=torch.channels_last)
        stages = self.backbone(images.to(self.dtype))
        views = 2 if self.flip_test else 1
        maps = tuple(stage.float() for stage in stages)
        if self.clip_neck is None and self.model.with_neck:  # one of mmpose's, of single images
            maps = tuple(self.model.neck(maps))
        if self.clip_neck is not None:
            clips = ClipFeatures(images[:, None], tuple(m[:, None] for m in maps))
            each = self.clip_neck.frame_features(clips)
            frames = () if each.frames is None else (each.frames,)
            maps = tuple(m[:, 0] for m in (each.heatmaps, *frames, *each.stages))
        return list(zip(*(m.unflatten(0, (len(crops), views)) for m in maps), strict=True))

    @torch.inference_mode()
    def moved(self, features: CropFeatures, source: CropWindow, target: CropWindow) -> CropFeatures:
        """Features of a crop as they would be, nearly, in another window on the same frame."""
        move = window_move(source, target)
        return tuple(resample(part, *move) for part in features)

    @torch.inference_mode()
    def heatmaps(self, clips: Sequence[Sequence[CropFeatures]]) -> Heatmaps:
        """Final heatmaps ``(N, K, h, w)`` of N persons, each with the features of T frames.

        A head of SimCC gives the profiles of the axes instead, ``(N, K, w)`` and ``(N, K, h)``.
        """
        # Stages as (V, N, T, C, h, w), then views beside persons.
        maps = [
            torch.stack([torch.stack(parts, dim=1) for parts in per_clip], dim=1).flatten(0, 1)
            for per_clip in zip(*(zip(*clip, strict=True) for clip in clips), strict=True)
        ]
        if self.clip_neck is not None:
            first = 2 if self.clip_neck.reads_frames else 1
            frames = maps[1] if first == 2 else None
            features = self.clip_neck(FrameFeatures(frames, tuple(maps[first:]), maps[0]))
        else:
            features = tuple(m[:, 0] for m in maps)
        heatmaps = self.model.head(features)
        if not isinstance(heatmaps, Tensor) and not _are_profiles(heatmaps):
            name = type(self.model.head).__name__
            raise UsageError(f'model.head: expected one of heatmaps or of SimCC, got {name}')
        return self._both_views(heatmaps) if self.flip_test else heatmaps

    def _both_views(self, heatmaps: Heatmaps) -> Heatmaps:
        """The mean of the first half of a batch and of the second one, which is mirrored."""
        from mmpose.models.utils.tta import flip_heatmaps, flip_vectors

        indices = self.dataset_meta['flip_indices']
        if isinstance(heatmaps, Tensor):
            plain, mirrored = heatmaps.chunk(2)
            mirrored = flip_heatmaps(mirrored, indices, 'heatmap', shift_heatmap=self.shift_heatmap)
            return (plain + mirrored) / 2
        (x, mirrored_x), (y, mirrored_y) = (axis.chunk(2) for axis in heatmaps)
        mirrored_x, mirrored_y = flip_vectors(mirrored_x, mirrored_y, indices)
        return (x + mirrored_x) / 2, (y + mirrored_y) / 2

    @staticmethod
    def highest(heatmaps: Heatmaps) -> Tensor:
        """The highest of all joints' heatmaps, ``(N, h, w)``; of profiles, of their products."""
        if isinstance(heatmaps, Tensor):
            return heatmaps.amax(dim=1)
        x, y = (axis.clamp(min=0) for axis in heatmaps)
        return (y[..., None] * x[..., None, :]).amax(dim=1)

    def motion(self, clips: Sequence[Sequence[CropFeatures]]) -> Tensor:
        """Change of the last map along each clip, ``(N, h, w)``, 1 the most."""
        last = torch.stack([torch.stack([frame[-1][0] for frame in clip]) for clip in clips])
        change = last.diff(dim=1).abs().mean(dim=(1, 2))
        return change / change.amax(dim=(1, 2), keepdim=True).clamp(min=1e-6)

    def keypoints(
        self, heatmaps: Heatmaps, windows: Sequence[CropWindow]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints ``(N, K, 2)`` in image pixels and scores ``(N, K)`` of final heatmaps.

        A keypoint is at most one heatmap pixel from its map's maximum: where a map has no peak,
        DARK's Newton step leads anywhere, thousands of pixels away too.
        """
        decoded = self.model.head.decode(heatmaps)
        in_crop = np.concatenate([instance.keypoints for instance in decoded])
        if isinstance(heatmaps, Tensor):
            stride = self.model.head.decoder.scale_factor
            highest = _maxima(heatmaps) * stride
            in_crop = np.clip(in_crop, highest - stride, highest + stride)
        scale = np.stack([window.scale for window in windows])[:, None]
        center = np.stack([window.center for window in windows])[:, None]
        in_image = in_crop / np.array(self.input_size) * scale + center - 0.5 * scale
        return in_image, np.concatenate([instance.keypoint_scores for instance in decoded])


def _are_profiles(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(v.dim() == 3 for v in value)


def _maxima(heatmaps: Tensor) -> np.ndarray:
    """Where each of ``(N, K, h, w)`` is largest, ``(N, K, 2)`` xy."""
    flat, wide = heatmaps.flatten(2).argmax(dim=2).cpu().numpy(), heatmaps.shape[3]
    return np.stack((flat % wide, flat // wide), axis=-1)
