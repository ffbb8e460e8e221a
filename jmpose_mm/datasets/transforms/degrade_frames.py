"""Hide the person in the key frame of any clip as real video does, and leave its neighbours.

Axes: H W pixels of the pictures, which are uint8 BGR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from jmpose_mm.datasets.degradations import compress, cover, darken, defocus, integrate
from jmpose_mm.datasets.transforms.required_keys import check_keys
from jmpose_mm.registry import TRANSFORMS

__all__ = ['DegradeFrames']

STRENGTHS = {
    'motion_blur': (0.12, 0.32),  # travel of the camera, in sides of the box
    'defocus': (0.04, 0.1),  # radius of the disc, in sides of the box
    'occluder': (0.5, 1.1),  # height, in sides of the box
    'low_light': (0.06, 0.2),  # factor on the light
    'compression': (14.0, 28.0),  # pixels that are left of the box's side
}
PATH_POINTS = 24
LEAST_MOTION = 0.01  # sides of the box in a frame, below which a direction is noise


@TRANSFORMS.register_module()
class DegradeFrames(BaseTransform):
    """Degrade the key frame, perhaps frames beside it; the targets stay those of the clean frame.

    All that is drawn comes from numpy's global generator, as mmcv's transforms have it. It is
    cheapest behind the crop. Frames of the clip that show the same file are degraded alike, so that
    copies of the key frame give nothing away. The direction of motion blur is that of the person
    where its annotation has ``motion`` (dx, dy, pixels from frame to frame), else drawn. Occluders
    are cut from another frame of the clip and turned upside down.

    Required keys: ``img``, ``bbox``, ``bbox_center``. Modified key: ``img`` (new pictures, uint8).
    Added key: ``degraded_frames``, the indices of those that were degraded.

    Args:
        prob: Probability that a sample is degraded.
        kinds: Weight of each kind that may be drawn, of ``'motion_blur'``, ``'defocus'``,
            ``'occluder'``, ``'low_light'`` and ``'compression'``; None for all alike.
        second_kind: Probability of a second kind on top.
        burst: Weights of 1, 2, 3, ... frames in a row, the key frame among them. At least one
            frame of a clip of several stays clean.
        strengths: Least and largest strength by kind, in place of `STRENGTHS`: travel, radius
            and height in longer sides of the box, factor on the light, pixels that are left of it.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> clip = {'img': [np.zeros((64, 48, 3), np.uint8)] * 3, 'frame_offsets': (-1, 0, 1)}
        >>> box = {'bbox': np.array([[9.0, 9, 39, 59]]), 'bbox_center': np.array([[24.0, 34]])}
        >>> DegradeFrames(burst=(1.0,))(clip | box)['degraded_frames']
        (1,)
    """

    def __init__(
        self,
        prob: float = 1.0,
        kinds: Mapping[str, float] | None = None,
        second_kind: float = 0.3,
        burst: Sequence[float] = (0.4, 0.35, 0.25),
        strengths: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        for name, value in (('prob', prob), ('second_kind', second_kind)):
            if not 0 <= value <= 1:
                raise ValueError(f'{name}: expected a probability, got {value}')
        self.prob, self.second_kind = prob, second_kind
        weights = dict.fromkeys(STRENGTHS, 1.0) if kinds is None else dict(kinds)
        self.strengths = STRENGTHS | {k: tuple(v) for k, v in (strengths or {}).items()}
        for name in (*weights, *self.strengths):
            if name not in STRENGTHS:
                raise ValueError(f'kinds: expected some of {list(STRENGTHS)}, got {name!r}')
        self.kinds = {name: _share(weights, name) for name in weights}
        self.burst = [_share(dict(enumerate(burst)), place) for place in range(len(burst))]

    def transform(self, results: dict) -> dict:
        """Draw once, and degrade."""
        check_keys(results, self, img='LoadClip', bbox='the data set')
        check_keys(results, self, bbox_center='GetBBoxCenterScale')
        alone = not isinstance(results['img'], list)
        frames = [results['img']] if alone else list(results['img'])
        results['degraded_frames'] = ()
        if np.random.rand() >= self.prob:
            return results
        rng = np.random.default_rng(np.random.randint(2**31))
        names = list(self.kinds)
        drawn = [
            str(rng.choice(names, p=list(self.kinds.values())))
            for _ in range(1 + (rng.random() < self.second_kind))
        ]
        burst = self._burst(results, len(frames), rng)
        scene = _Scene(frames, results, burst)
        effects = [(n, rng.uniform(*self.strengths[n])) for n in STRENGTHS if n in drawn]
        for kind, strength in effects:
            scene.apply(kind, strength, rng)
        copies = _copies(results.get('frame_paths') or list(range(len(frames))), burst)
        degraded = scene.pictures()
        frames = [degraded[copies[i]] if i in copies else f for i, f in enumerate(frames)]
        results['img'] = frames[0] if alone else frames
        results['degraded_frames'] = tuple(sorted(copies))
        return results

    def _burst(self, results: dict, count: int, rng: np.random.Generator) -> list[int]:
        """Indices of frames next to each other, the key frame's among them."""
        offsets = results.get('frame_offsets', range(count))
        key = offsets.index(0) if 0 in offsets else 0
        length = int(rng.choice(len(self.burst), p=self.burst)) + 1
        if list(offsets) != sorted(offsets):  # pairs of a key frame and another one
            length = 1
        length = max(1, min(length, count - 1))
        first = key - int(rng.integers(length))
        first = min(max(first, 0), count - length)
        return list(range(first, first + length))

    def __repr__(self) -> str:
        return f'DegradeFrames(prob={self.prob}, kinds={self.kinds}, strengths={self.strengths})'


def _share(weights: Mapping, name: object) -> float:
    """A weight as a share of all."""
    total = sum(weights.values())
    if min(weights.values()) < 0 or not total > 0:
        raise ValueError(
            f'weights: expected some of at least 0 and a positive sum, got {list(weights.values())}'
        )
    return float(weights[name] / total)


def _copies(paths: Sequence, burst: Sequence[int]) -> dict[int, int]:
    """Every frame that shows the file of one of the burst, and which one."""
    first = {paths[i]: i for i in reversed(burst)}
    return {i: first[path] for i, path in enumerate(paths) if path in first}


class _Scene:
    """The frames of a burst while effects are put on them.

    Args:
        frames: All pictures of the clip.
        results: The sample.
        burst: Indices of those to degrade.
    """

    def __init__(self, frames: Sequence[np.ndarray], results: dict, burst: Sequence[int]) -> None:
        self.clean, self.burst = frames, burst
        self.degraded = {i: np.asarray(frames[i], np.float32) for i in burst}
        self.center, self.side = _person(results)
        self.angle = _motion_angle(results, self.side)

    def pictures(self) -> dict[int, np.ndarray]:
        """The degraded frames by index."""
        return {
            i: np.clip(np.round(picture), 0, 255).astype(np.uint8)
            for i, picture in self.degraded.items()
        }

    def apply(self, kind: str, strength: float, rng: np.random.Generator) -> None:
        """Put one effect on all frames."""
        if kind == 'occluder':
            self._occlude(strength, rng)
            return
        angle = rng.uniform(0, np.pi) if self.angle is None else self.angle
        for i, picture in self.degraded.items():
            now = strength * rng.uniform(0.9, 1.1)
            if kind == 'motion_blur':
                path = _path(angle + rng.normal(0, 0.15), now * self.side, rng)
                self.degraded[i] = integrate([picture], path)
            elif kind == 'defocus':
                self.degraded[i] = defocus(picture, now * self.side)
            elif kind == 'low_light':
                self.degraded[i] = darken(picture, now, rng)
            else:
                self.degraded[i] = compress(picture, min(1.0, now / self.side))

    def _occlude(self, strength: float, rng: np.random.Generator) -> None:
        """A piece of another frame passes before the person."""
        others = [f for i, f in enumerate(self.clean) if i not in self.burst] or list(self.clean)
        height, width = (strength * self.side, rng.uniform(0.35, 0.55) * self.side)
        piece = _piece(others[rng.integers(len(others))], (height, width), rng)
        piece = np.asarray(piece, np.float32)[::-1] * np.float32(rng.uniform(0.5, 1.2))
        step = rng.choice([-1.0, 1.0]) * 0.5 * width
        place = np.array(self.center) + rng.normal(0, 0.05, 2) * self.side
        for turn, i in enumerate(self.burst):
            x = place[0] + (turn - (len(self.burst) - 1) / 2) * step
            self.degraded[i] = cover(self.degraded[i], piece, (float(x), float(place[1])))


def _person(results: dict) -> tuple[tuple[float, float], float]:
    """Middle and longer side of the person's box, in pixels of the pictures."""
    left, top, right, bottom = np.asarray(results['bbox'][0], float)[:4]
    side = max(right - left, bottom - top, 1.0)
    if results.get('input_scale') is None:
        x, y = results['bbox_center'][0]
        return (float(x), float(y)), side
    width, height = results['input_size']
    return (width / 2, height / 2), side * height / float(results['input_scale'][1])


def _motion_angle(results: dict, side: float) -> float | None:
    """Direction of the person's motion in the pictures, in radians; None where it is unknown."""
    motion = (results.get('raw_ann_info') or {}).get('motion')
    if motion is None or not np.hypot(*motion) > LEAST_MOTION * side:
        return None
    angle = float(np.arctan2(motion[1], motion[0]))
    if results.get('flip') and results.get('flip_direction') == 'horizontal':
        angle = np.pi - angle
    if results.get('input_scale') is not None:  # the crop is turned back by what the box is turned
        angle -= np.deg2rad(float(results.get('bbox_rotation', [0.0])[0]))
    return angle


def _path(angle: float, travel: float, rng: np.random.Generator) -> np.ndarray:
    """(M, 2) a slightly bent way through (0, 0)."""
    share = np.linspace(-1, 1, PATH_POINTS)[:, None]
    along = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-along[1], along[0]])
    return (share * along + rng.normal(0, 0.3) * share**2 * aside) * travel / 2


def _piece(picture: np.ndarray, size: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A piece of a picture of about some height and width, enlarged where it has less."""
    wanted = [max(2, round(side)) for side in size]
    found = [min(side, limit) for side, limit in zip(wanted, picture.shape[:2], strict=True)]
    top, left = (
        int(rng.integers(limit - side + 1))
        for side, limit in zip(found, picture.shape[:2], strict=True)
    )
    piece = np.ascontiguousarray(picture[top : top + found[0], left : left + found[1]])
    return piece if found == wanted else cv2.resize(piece, (wanted[1], wanted[0]))
