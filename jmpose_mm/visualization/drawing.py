"""Draw poses on images, with OpenCV alone.

Axes: N persons, K joints of a skeleton; without one PoseTrack's, 15 in the order of the official
evaluator or 17 in that of the 2018 files; H and W of the image. Images are uint8 BGR; coordinates
are pixels ``(x, y)``.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import cv2
import numpy as np

from jmpose_mm.functional.arrays import as_floats, as_mask
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.functional.joint_sides import side_of_name

from .skeleton import Skeleton, posetrack_skeleton

__all__ = ['COLOURS', 'draw_errors', 'draw_poses', 'write_text']

# Blue and orange stay apart for every common kind of colour blindness.
COLOURS = {'right': (60, 150, 255), 'left': (255, 170, 60), 'middle': (235, 235, 235)}
ERROR_COLOUR = (80, 80, 255)
OUTLINE = (20, 20, 20)
# Some data sets do not annotate the nose; the head is then one line.
HEAD_WITHOUT_NOSE = ('head_top', 'head_bottom')
PERSON_PIXELS_PER_LINE_PIXEL = 75
SUBPIXEL_BITS = 4
TEXT_OVERSAMPLING = 4
FONT = cv2.FONT_HERSHEY_DUPLEX


def draw_poses(
    image: np.ndarray,
    keypoints: np.ndarray,
    scores: np.ndarray | None = None,
    threshold: float = 0.2,
    thickness: int | None = None,
    skeleton: Skeleton | None = None,
    copy: bool = True,
) -> np.ndarray:
    """Draw skeletons: the person's right side orange, the left side blue, both with dark edges.

    Args:
        image: (H, W, 3) uint8 BGR; it is not changed unless by ``copy=False``.
        keypoints: (N, K, 2) pixels of the image; lists, as JSON files hold them, will do.
        scores: (N, K) scores, or visibility as 0 and 1; all joints are drawn without.
        threshold: Joints whose score is below, or that are not finite, are left out, limbs too.
        thickness: Width of the limbs in pixels; grows with the person if None.
        skeleton: Joints and the lines between them; PoseTrack's if None.
        copy: False draws on the image itself, where it is in one piece of memory.

    Returns:
        (H, W, 3) uint8 BGR: a copy, or with ``copy=False`` the image.

    Raises:
        ValueError: Shapes disagree, or the image is no colour picture.

    Example:
        >>> image = np.zeros((120, 160, 3), np.uint8)
        >>> drawn = draw_poses(image, np.random.default_rng(0).uniform(20, 100, (2, 17, 2)))
        >>> drawn.shape, bool(image.any()), bool(drawn.any())
        ((120, 160, 3), False, True)
    """
    drawn = checked_image(image, copy)
    keypoints = as_floats('keypoints', keypoints)
    if not keypoints.size:
        return drawn
    skeleton = checked_skeleton(keypoints, skeleton)
    scores = np.ones(keypoints.shape[:2]) if scores is None else as_floats('scores', scores)
    if scores.shape != keypoints.shape[:2]:
        raise ValueError(f'scores: expected shape {keypoints.shape[:2]}, got {scores.shape}')
    for points, certainty in zip(keypoints, scores, strict=True):
        shown = (certainty >= threshold) & np.isfinite(points).all(axis=1) & skeleton.drawn
        joints = {skeleton.joints[k]: points[k] for k in np.flatnonzero(shown)}
        _draw_person(drawn, joints, skeleton, thickness or line_width(points[shown]))
    return drawn


def draw_errors(
    image: np.ndarray, keypoints: np.ndarray, truth: np.ndarray, known: np.ndarray, beyond: float
) -> np.ndarray:
    """Mark where joints should have been: a red line from each to its true place, if it is far off.

    Args:
        image: (H, W, 3) uint8; it is not changed.
        keypoints: (N, K, 2) pixels.
        truth: (N, K, 2) pixels, the same persons.
        known: (N, K) which joints have a true place.
        beyond: Errors up to this many pixels are not marked.
    """
    drawn = checked_image(image, copy=True)
    keypoints = as_floats('keypoints', keypoints, 'N K 2')
    truth, known = as_floats('truth', truth, 'N K 2'), as_mask('known', known)
    far = known & (np.linalg.norm(keypoints - truth, axis=-1) > beyond)
    for person in range(len(keypoints)):
        width = max(2, line_width(truth[person][known[person]]) // 2)
        for joint in np.flatnonzero(far[person]):
            start, end = keypoints[person, joint], truth[person, joint]
            draw_line(drawn, start, end, OUTLINE, width + 2)
            draw_line(drawn, start, end, ERROR_COLOUR, width)
            draw_disc(drawn, end, width + 2, OUTLINE)
            draw_disc(drawn, end, width + 1, ERROR_COLOUR)
    return drawn


def write_text(
    image: np.ndarray,
    text: str,
    left: int,
    top: int,
    height: int,
    width: int,
    colour: tuple[int, int, int] = (235, 235, 235),
) -> int:
    """Write one line of text into a box of the image, in place, smaller if it would not fit.

    Args:
        image: (H, W, 3) uint8, changed.
        text: Plain ASCII; the font has nothing else.
        left: Left edge of the box in pixels.
        top: Upper edge of the box in pixels.
        height: Height of the box in pixels.
        width: Width of the box in pixels.
        colour: BGR.

    Returns:
        The width that the text took, in pixels.
    """
    fine = TEXT_OVERSAMPLING
    (unit_width, unit_height), descent = cv2.getTextSize(text or ' ', FONT, 1.0, 1)
    # The smaller of what the height and the width allow.
    scale = min(0.72 * height / (unit_height + descent), width / max(unit_width, 1))
    used = min(int(np.ceil(unit_width * scale)), width)
    # Drawn large and made smaller: OpenCV's own small letters are ragged.
    mask = np.zeros((height * fine, width * fine), dtype=np.uint8)
    base = (height * fine + (unit_height - descent / 2) * scale * fine) / 2
    stroke = max(1, round(scale * fine * 1.2))
    cv2.putText(mask, text, (0, int(base)), FONT, scale * fine, 255, stroke, cv2.LINE_AA)
    alpha = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)[..., None] / 255
    box = image[top : top + height, left : left + width]
    alpha = alpha[: box.shape[0], : box.shape[1]]
    box[:] = np.rint(box * (1 - alpha) + np.asarray(colour) * alpha).astype(np.uint8)
    return used


def checked_image(image: np.ndarray, copy: bool = False) -> np.ndarray:
    """An image (H, W, 3) uint8 in one piece of memory, copied where it must be."""
    found = np.array(image, order='C') if copy else np.ascontiguousarray(image)
    if found.ndim != 3 or found.shape[2] != 3 or found.dtype != np.uint8:
        raise ValueError(
            f'image: expected BGR (H, W, 3) of uint8, got {found.shape} of {found.dtype}'
        )
    return found


def checked_skeleton(keypoints: np.ndarray, skeleton: Skeleton | None = None) -> Skeleton:
    """The skeleton of (N, K, 2) keypoints: the given one if it fits, else PoseTrack's by K."""
    shape = np.shape(keypoints)
    known = {15: JOINT_NAMES, 17: FILE_JOINT_NAMES}
    if skeleton is not None:
        known = {len(skeleton.joints): skeleton.joints}
    if len(shape) != 3 or shape[2] != 2 or shape[1] not in known:
        expected = ' or '.join(f'(N, {count}, 2)' for count in known)
        raise ValueError(f'keypoints: expected shape {expected}, got {shape}')
    return skeleton or posetrack_skeleton(known[shape[1]])


def line_width(points: np.ndarray) -> int:
    """Width of the limbs of a person with these (n, 2) points, in pixels."""
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    return int(np.clip(round(extent / PERSON_PIXELS_PER_LINE_PIXEL), 1, 12))


def _draw_person(
    image: np.ndarray, joints: dict[str, np.ndarray], skeleton: Skeleton, width: int
) -> None:
    limbs = [(skeleton.joints[first], skeleton.joints[second]) for first, second in skeleton.edges]
    if 'nose' not in joints:
        limbs.insert(0, HEAD_WITHOUT_NOSE)
    present = [limb for limb in limbs if limb[0] in joints and limb[1] in joints]
    places = {name: _fixed(point) for name, point in joints.items()}
    # All edges first: none may cut through a limb. Around the thinnest ones they would hide colour.
    for rim in (1, 0) if width > 1 else (0,):
        colours = [OUTLINE if rim else _colour(*limb) for limb in present]
        # One call for many limbs: the interpreter's lock is free while they are drawn.
        for colour, some in groupby(zip(colours, present, strict=True), itemgetter(0)):
            lines = [np.array([places[first], places[second]]) for _, (first, second) in some]
            thick = width + 2 * rim
            cv2.polylines(image, lines, False, colour, thick, cv2.LINE_AA, SUBPIXEL_BITS)
        for name, point in joints.items():
            draw_disc(image, point, width + 0.5 + rim, OUTLINE if rim else _colour(name, name))


def _colour(first: str, second: str) -> tuple[int, int, int]:
    return COLOURS[_side(first, second)]


@lru_cache(maxsize=1024)  # asked for every joint of every frame
def _side(first: str, second: str) -> str:
    sides = {side_of_name(first), side_of_name(second)} - {''}
    return sides.pop() if len(sides) == 1 else 'middle'


def draw_line(image: np.ndarray, start: Any, end: Any, colour: tuple[int, ...], width: int) -> None:
    cv2.line(image, _fixed(start), _fixed(end), colour, width, cv2.LINE_AA, SUBPIXEL_BITS)


def draw_disc(image: np.ndarray, centre: Any, radius: float, colour: tuple[int, ...]) -> None:
    size = round(radius * 2**SUBPIXEL_BITS)
    cv2.circle(image, _fixed(centre), size, colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)


def _fixed(point: Any) -> tuple[int, int]:
    """Fixed-point pixels; far-off points are clipped, since OpenCV overflows there."""
    # Plain numbers: a thousand calls of NumPy for each frame of a film would be felt.
    x, y = (min(max(float(value), -3e4), 3e4) for value in point)
    return round(x * 2**SUBPIXEL_BITS), round(y * 2**SUBPIXEL_BITS)
