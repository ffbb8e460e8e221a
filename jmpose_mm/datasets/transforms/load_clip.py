"""Decode the frames of a clip, each file once."""

from __future__ import annotations

from collections import OrderedDict

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio

from jmpose_mm.registry import TRANSFORMS

__all__ = ['LoadClip']


@TRANSFORMS.register_module()
class LoadClip(BaseTransform):
    """Load the frames of a clip as a list of BGR images.

    The latest decoded frames are kept, in each worker process apart, so that a frame which several
    persons or windows share is decoded once. Images are handed out read-only: nobody can change
    what the next sample gets.

    Required keys: ``frame_paths``, or ``img_path``, or ``img``: a list of decoded frames, or one
    image, as mmpose's inference passes it, which then stands for every frame of ``frame_offsets``.

    Added keys: ``img`` (list of T images ``(H, W, 3)`` uint8), ``img_shape``, ``ori_shape``.

    Args:
        cache_frames: How many decoded frames to keep; 0 keeps none. A 1920×1080 frame takes 6 MB.
        backend_args: Of mmengine's file client.
    """

    def __init__(self, cache_frames: int = 32, backend_args: dict | None = None) -> None:
        if cache_frames < 0:
            raise ValueError(f'cache_frames: expected at least 0, got {cache_frames}')
        self.cache_frames, self.backend_args = cache_frames, backend_args
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()

    def transform(self, results: dict) -> dict:
        """Add the images.

        Raises:
            ValueError: A file is missing or is no image, or the frames differ in size.
        """
        if isinstance(results.get('img'), np.ndarray):
            images = [results['img']] * len(results.get('frame_offsets', (0,)))
        elif results.get('img') is not None:
            images = list(results['img'])
        else:
            paths = results.get('frame_paths') or [results['img_path']]
            images = [self._load(path) for path in paths]
        shapes = sorted({image.shape for image in images})
        if len(shapes) != 1:
            raise ValueError(
                f'{results.get("img_path")}: expected frames of one size in a clip, got {shapes}'
            )
        results['img'] = images
        results['img_shape'] = results['ori_shape'] = images[0].shape[:2]
        return results

    def _load(self, path: str) -> np.ndarray:
        if path in self._cache:
            self._cache.move_to_end(path)
            return self._cache[path]
        image = self._decode(path)
        image.setflags(write=False)
        self._cache[path] = image
        while len(self._cache) > self.cache_frames:
            self._cache.popitem(last=False)
        return image

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
        return {**self.__dict__, '_cache': OrderedDict()}  # workers start with their own

    def __repr__(self) -> str:
        return f'LoadClip(cache_frames={self.cache_frames})'
