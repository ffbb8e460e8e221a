"""One crop and one augmentation for all frames of a person's clip."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.datasets.transforms import TopdownAffine

from jmpose_mm.datasets.transforms.required_keys import check_keys
from jmpose_mm.functional.crop import WARPS, outside_crop, warp_matrix
from jmpose_mm.functional.crop_windows import CropWindow
from jmpose_mm.registry import TRANSFORMS

# Pixels. That warp divides by the width less 1.
_SMALLEST_RELEASED_WIDTH = 2.0
_BOX = ('bbox_scale', 'bbox_center')

__all__ = ['IgnoreOutOfCropKeypoints', 'RandomClipScaleRotation', 'TopdownClipAffine']


@TRANSFORMS.register_module()
class RandomClipScaleRotation(BaseTransform):
    """The scale and rotation of the released recipes: normal draws, clipped, and no shift.

    mmpose's ``RandomBBoxTransform`` redraws what lies beyond one standard deviation instead.

    Required and modified keys: ``bbox_scale``. Added key: ``bbox_rotation``.

    Args:
        scale_factor: One standard deviation of the scale about 1, and the limit.
        rotate_factor: One standard deviation of the rotation in degrees; the limit is twice as far.
        rotate_prob: Probability of a rotation.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> step = RandomClipScaleRotation(scale_factor=0.0, rotate_prob=0.0)
        >>> step({'bbox_scale': np.array([[75.0, 100.0]])})['bbox_rotation']
        array([0.], dtype=float32)
    """

    def __init__(
        self, scale_factor: float = 0.35, rotate_factor: float = 45.0, rotate_prob: float = 0.6
    ) -> None:
        if not 0 <= scale_factor < 1:
            raise ValueError(f'scale_factor: expected a number in [0, 1), got {scale_factor}')
        if not (rotate_factor >= 0 and 0 <= rotate_prob <= 1):
            raise ValueError(
                'rotate_factor and rotate_prob: expected degrees of at least 0 and a probability, '
                f'got {rotate_factor} and {rotate_prob}'
            )
        self.scale_factor = scale_factor
        self.rotate_factor, self.rotate_prob = rotate_factor, rotate_prob

    def transform(self, results: dict) -> dict:
        """Draw once for the whole clip."""
        check_keys(results, self, bbox_scale='GetBBoxCenterScale')
        if results.get('input_scale') is not None:
            raise ValueError(
                'RandomClipScaleRotation: expected to come before TopdownClipAffine, got a crop'
            )
        spread, limit = self.scale_factor, 2 * self.rotate_factor
        scale = np.clip(1 + spread * np.random.randn(), 1 - spread, 1 + spread)
        rotation = np.clip(self.rotate_factor * np.random.randn(), -limit, limit)
        # Drawn in any case: equal seeds give equal draws behind this step.
        turned = np.random.rand() < self.rotate_prob
        results['bbox_scale'] = results['bbox_scale'] * np.float32(scale)
        results['bbox_rotation'] = np.array([rotation if turned else 0.0], dtype=np.float32)
        return results


@TRANSFORMS.register_module()
class TopdownClipAffine(TopdownAffine):
    """mmpose's affine crop, differing in the choice of the map; one map for all frames.

    Args:
        input_size: Width and height of the crop in pixels.
        warp: ``'classic'`` is the parent's; ``'released'`` that of FAMI-Pose's and JM-Pose's code,
            see :func:`warp_matrix`; crops of less than 2 pixels, e.g. around a single labelled
            joint, are widened to that. ``'udp'`` is the parent's with UDP.

    Example:
        >>> clip = {'img': [np.zeros((120, 160, 3), np.uint8)] * 3}
        >>> box = {'bbox_center': np.array([[80, 60]]), 'bbox_scale': np.array([[75.0, 100]])}
        >>> [crop.shape for crop in TopdownClipAffine(input_size=(96, 128))(clip | box)['img']]
        [(128, 96, 3), (128, 96, 3), (128, 96, 3)]
    """

    def __init__(self, input_size: tuple[int, int], warp: str = 'classic') -> None:
        super().__init__(tuple(int(side) for side in input_size))
        if warp not in WARPS:
            raise ValueError(f'warp: expected one of {WARPS}, got {warp!r}')
        self.warp = warp

    def window(self, results: dict) -> CropWindow:
        """The part of the images that :meth:`transform` shows."""
        check_keys(results, self, **dict.fromkeys(_BOX, 'GetBBoxCenterScale'))
        width, height = self.input_size
        scale = self._fix_aspect_ratio(results['bbox_scale'], aspect_ratio=width / height)
        if len(scale) != 1:
            raise ValueError(f'bbox_scale: expected one person in a sample, got {len(scale)}')
        if self.warp == 'released':
            least = _SMALLEST_RELEASED_WIDTH * np.array([1, height / width], dtype=np.float32)
            scale = np.maximum(scale, least)
        return CropWindow(results['bbox_center'][0], scale[0])

    def transform(self, results: dict) -> dict:
        """Crop the images and move the keypoints; keys as the parent's."""
        check_keys(results, self, img='LoadClip')
        width, height = self.input_size
        center, scale = self.window(results)
        rotation = results.get('bbox_rotation', [0.0])[0]
        # One map for the whole clip: a person's motion in the crop is the one in the video.
        matrix = warp_matrix(center, scale, rotation, (width, height), self.warp)
        frames = results['img'] if isinstance(results['img'], list) else [results['img']]
        # Read-only frames are copied by nobody: the crop is a new array.
        crops = [
            cv2.warpAffine(_left_to_right(f), matrix, (width, height), flags=cv2.INTER_LINEAR)
            for f in frames
        ]
        if results.get('keypoints') is not None:
            moved = results.get('transformed_keypoints', results['keypoints']).copy()
            moved[..., :2] = cv2.transform(results['keypoints'][..., :2], matrix)
            results['transformed_keypoints'] = moved
        results |= {
            'img': crops if isinstance(results['img'], list) else crops[0],
            'bbox_scale': scale[None],
            'input_size': (width, height),
            'input_center': center,
            'input_scale': scale,
        }
        return results


def _left_to_right(frame: np.ndarray) -> np.ndarray:
    """The same pixels. OpenCV's own copy of ``RandomFlip``'s mirrored view is 60 times slower."""
    return cv2.flip(frame[:, ::-1], 1) if frame.strides[1] < 0 else frame


@TRANSFORMS.register_module()
class IgnoreOutOfCropKeypoints(BaseTransform):
    """Keypoints outside of the crop are not trained on, as in the released recipes.

    Required keys: ``transformed_keypoints``, ``input_size``. Modified key: ``keypoints_visible``.

    Example:
        >>> points, seen = np.array([[[5.0, 5.0], [200.0, 5.0]]]), np.ones((1, 2))
        >>> sample = {'transformed_keypoints': points, 'keypoints_visible': seen}
        >>> IgnoreOutOfCropKeypoints()({**sample, 'input_size': (96, 128)})['keypoints_visible']
        array([[1., 0.]])
    """

    def transform(self, results: dict) -> dict:
        """Set the visibility of keypoints outside of the crop to 0."""
        crop = dict.fromkeys(('transformed_keypoints', 'input_size'), 'TopdownClipAffine')
        check_keys(results, self, keypoints_visible='the data set', **crop)
        outside = outside_crop(results['transformed_keypoints'][..., :2], results['input_size'])
        visible = results['keypoints_visible'].copy()
        visible[outside] = 0
        results['keypoints_visible'] = visible
        return results
