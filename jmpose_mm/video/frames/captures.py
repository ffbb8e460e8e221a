"""Cameras through OpenCV: frames with the times at which they were taken."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import cv2
import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.frames.span import LazyFrame, Position
from jmpose_mm.video.records import Remarks

__all__ = ['camera_frames', 'probe_camera']

FASTEST_CAMERA = 1000.0  # what says more is a clock's rate, not a camera's


def probe_camera(number: int) -> tuple[tuple[int, int], float | None]:
    """Size (W, H) and rate of a camera; no rate if it does not say it.

    Raises:
        UsageError: It cannot be opened.
    """
    with _opened(number) as capture:
        keys = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS
        width, height, fps = (capture.get(key) for key in keys)
    return (int(width), int(height)), fps if 0 < fps <= FASTEST_CAMERA else None


def camera_frames(number: int, remarks: Remarks, start: Position = 0) -> Iterator[LazyFrame]:
    """Frames of a camera, with the times at which they were taken, until it stops."""
    with _opened(number) as capture:
        began = None
        for index in itertools.count():
            if not capture.grab():
                remarks.problems.append(f'camera {number}: stopped after {index} frames')
                return
            # After `grab`, which waits for the picture; decoding it comes later and takes time of
            # its own.
            now = time.monotonic()
            began = now if began is None else began
            yield LazyFrame(index, now - began, '', partial(_retrieved, capture))


@contextmanager
def _opened(number: int) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(number)
    try:
        if not capture.isOpened():
            raise UsageError(f'camera {number}: cannot be opened')
        yield capture
    finally:
        capture.release()


def _retrieved(capture: cv2.VideoCapture) -> np.ndarray | None:
    done, image = capture.retrieve()
    return image if done else None
