"""Decode the frames of a clip, each file once."""

from __future__ import annotations

import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio

from jmpose_mm.datasets.transforms.required_keys import check_keys
from jmpose_mm.registry import TRANSFORMS

__all__ = ['LoadClip']


@TRANSFORMS.register_module()
class LoadClip(BaseTransform):
    """Load the frames of a clip as a list of BGR images.

    The latest decoded frames are kept, in each worker process apart, so that a frame which several
    persons or windows share is decoded once. A file is known by path, size and time of change:
    what is written anew is read anew. Images are handed out read-only: nobody can change what the
    next sample gets.

    Required keys: ``frame_paths``, or ``img_path``, or ``img``: decoded frames as a list or one
    array ``(T, H, W, 3)``; or one image, as mmpose's inference passes it, which then stands for
    every frame of ``frame_offsets``, with a warning, unless ``frame_paths`` name others.

    Optional key: ``annotated_size``, width and height that the annotations are written for, in
    pixels; the images must have it.

    Added keys: ``img`` (list of T images ``(H, W, 3)`` uint8), ``img_shape``, ``ori_shape``.

    Args:
        cache_frames: Number of decoded frames to keep; 0 keeps none. A 1920×1080 frame takes 6 MB.
        backend_args: Arguments of mmengine's file client.

    Raises:
        ValueError: ``cache_frames`` is negative.

    Example:
        >>> import numpy as np
        >>> clip = LoadClip()({'img': np.zeros((5, 48, 64, 3), np.uint8)})
        >>> len(clip['img']), clip['img_shape']
        (5, (48, 64))
    """

    def __init__(self, cache_frames: int = 32, backend_args: dict | None = None) -> None:
        if cache_frames < 0:
            raise ValueError(f'cache_frames: expected at least 0, got {cache_frames}')
        self.cache_frames, self.backend_args = cache_frames, backend_args
        self._cache: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def transform(self, results: dict) -> dict:
        """Add the images.

        Raises:
            ValueError: A file is missing or is no image, the frames differ in size from each other
                or from what is annotated, or the sample has none, or has been cropped.
        """
        if results.get('input_scale') is not None:
            raise ValueError('LoadClip: expected to come before TopdownClipAffine, got a crop')
        images = self._images(results)
        shapes = sorted({image.shape for image in images})
        if len(shapes) != 1:
            raise ValueError(
                f'{results.get("img_path")}: expected frames of one size in a clip, got {shapes}'
            )
        _check_annotated_size(results, images[0])
        results['img'] = images
        results['img_shape'] = results['ori_shape'] = images[0].shape[:2]
        return results

    def _images(self, results: dict) -> list[np.ndarray]:
        given, offsets = results.get('img'), results.get('frame_offsets', (0,))
        paths = results.get('frame_paths') or [results.get('img_path')]
        if given is not None and np.ndim(given[0]) == 3:
            return _checked(given)
        if given is not None and len(set(paths)) == 1:
            images = _checked([given] * len(offsets))
        else:
            if paths[0] is None:
                check_keys(results, self, frame_paths='SampleSupportFrames')
            images = [self._load(str(path)) for path in paths]
        if len(images) > 1 and len(set(paths)) == 1 and results.get('video_frames') is None:
            warnings.warn(
                f'{len(images)} copies of one frame stand for a clip, since its neighbours are not '
                'known here: a model of several frames sees no motion; give all frames, or use '
                'jmpose_mm.apis.VideoPoseInferencer',
                stacklevel=2,
            )
        return images

    def _load(self, path: str) -> np.ndarray:
        key = self._identity(path)
        if key is None or not self.cache_frames:
            return self._decode(path)
        with self._lock:
            image = self._cache.pop(key, None)
        if image is None:
            image = self._decode(path)
            # Shared between samples: whoever writes must copy.
            image.setflags(write=False)
        with self._lock:
            self._cache[key] = image
            # The least recently used goes: `pop` and the new entry above move what is used to the
            # end.
            while len(self._cache) > self.cache_frames:
                self._cache.popitem(last=False)
        return image

    def _identity(self, path: str) -> tuple | None:
        """What a decoded file is known by; None where its age cannot be told."""
        try:
            state = os.stat(path)
        except (OSError, ValueError):
            return None
        # A file that another one was moved over may have the same size and time, not the same
        # inode.
        return path, state.st_size, state.st_mtime_ns, state.st_ino

    def _decode(self, path: str) -> np.ndarray:
        try:
            content = fileio.get(path, backend_args=self.backend_args)
        except FileNotFoundError as error:
            raise ValueError(f'{path}: expected an image, found no file') from error
        # OpenCV raises on no bytes at all and returns nothing for what it cannot decode.
        image = mmcv.imfrombytes(content) if content else None
        if image is None:
            raise ValueError(
                f'{path}: expected an image, got {len(content)} bytes that cannot be decoded; '
                'the file is truncated or of another kind'
            )
        return image

    def __getstate__(self) -> dict:
        # Workers start with their own.
        return {'cache_frames': self.cache_frames, 'backend_args': self.backend_args}

    def __setstate__(self, state: dict) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f'LoadClip(cache_frames={self.cache_frames})'


def _check_annotated_size(results: dict, image: np.ndarray) -> None:
    height, width = image.shape[:2]
    expected = results.get('annotated_size', (width, height))
    # Boxes and joints are in pixels of the annotated size: on another one they lie elsewhere.
    if tuple(expected) != (width, height):
        raise ValueError(
            f'{results.get("img_path")}: expected {expected[0]}×{expected[1]} pixels, as its '
            f'annotations say, got {width}×{height}; give the frames that were labelled, or scale '
            'boxes and joints with the size'
        )


def _checked(images: Sequence[Any]) -> list[np.ndarray]:
    """Decoded frames as arrays that OpenCV can crop."""
    frames = [np.asarray(image) for image in images]
    for frame in frames:
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype not in (np.uint8, np.float32):
            raise ValueError(
                f'img: expected BGR frames (H, W, 3) of uint8, got {frame.shape} of {frame.dtype}'
            )
    return frames
