"""Videos and cameras through OpenCV: size, rate, and frames with their times."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.span import LazyFrame

__all__ = ['VideoInfo', 'camera_frames', 'probe', 'video_frames']

# What these files say about the number of their frames is counted, not estimated.
COUNTING_SUFFIXES = ('.avi', '.m4v', '.mov', '.mp4')
FASTEST_CAMERA = 1000.0  # what says more is a clock's rate, not a camera's


class VideoInfo(NamedTuple):
    """What a video or a camera says about itself: upright (W, H), rate and number of frames."""

    size: tuple[int, int]
    fps: float | None
    count: int | None


def probe(what: str | int) -> VideoInfo:
    """Open a video file, an address or a camera by its number, and close it.

    Raises:
        UsageError: It cannot be opened.
    """
    with _opened(what) as capture:
        width, height, fps, count = (
            capture.get(key)
            for key in (
                cv2.CAP_PROP_FRAME_WIDTH,
                cv2.CAP_PROP_FRAME_HEIGHT,
                cv2.CAP_PROP_FPS,
                cv2.CAP_PROP_FRAME_COUNT,
            )
        )
    return VideoInfo(
        size=(int(width), int(height)),
        fps=fps if 0 < fps <= FASTEST_CAMERA else None,
        count=int(count) if count > 0 else None,
    )


def video_frames(
    name: str, seen: VideoInfo, assumed_fps: float, problems: list[str]
) -> Iterator[LazyFrame]:
    """All frames of a video; if they end too early, it is said in ``problems``."""
    fps = seen.fps or assumed_fps
    came, last, step = 0, 0.0, 0.0
    with _opened(name) as capture:
        for seconds in _moments(capture, fps):
            last, step = seconds, seconds - last
            yield LazyFrame(came, seconds, '', partial(_retrieved, capture))
            came += 1
    count = seen.count or 0
    slack = 2.5 * step + (0 if name.lower().endswith(COUNTING_SUFFIXES) else 1)
    if came < count and last + slack < count / fps:
        problems.append(
            f'{name}: expected {count} frames ({count / fps:.2f} s), could read {came} '
            f'({last + step:.2f} s); the file is damaged or incomplete'
        )


def camera_frames(number: int, problems: list[str]) -> Iterator[LazyFrame]:
    """Frames of a camera, with the times at which they were taken, until it stops."""
    with _opened(number) as capture:
        began = None
        for index in itertools.count():
            if not capture.grab():
                problems.append(f'camera {number}: stopped after {index} frames')
                return
            now = time.monotonic()
            began = now if began is None else began
            yield LazyFrame(index, now - began, '', partial(_retrieved, capture))


def _moments(capture: cv2.VideoCapture, fps: float) -> Iterator[float]:
    """Step through the frames; yields the time of each in seconds since the first.

    Times are the container's, so that a variable rate stays right; where they stand still or are
    missing, the nominal rate goes on from there.
    """
    first = last = None
    while capture.grab():
        shown = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        first = shown if first is None else first
        seconds = shown - first
        last = seconds if last is None or seconds > last else last + 1 / fps
        yield last


@contextmanager
def _opened(what: str | int) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(what)
    try:
        if not capture.isOpened():
            raise UsageError(
                f'camera {what}: cannot be opened'
                if isinstance(what, int)
                else f'{what}: expected a video that OpenCV can decode, found something else, or '
                'the file is damaged'
            )
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # phones store upright videos lying
        yield capture
    finally:
        capture.release()


def _retrieved(capture: cv2.VideoCapture) -> np.ndarray | None:
    done, image = capture.retrieve()
    return image if done else None
