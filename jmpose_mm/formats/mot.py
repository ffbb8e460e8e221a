"""MOTChallenge's text: ``frame,id,left,top,width,height[,confidence,…]`` a line, frames from 1.

Separators may also be semicolons or blanks. Boxes are xyxy in pixels.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.json_files import read_text
from jmpose_mm.formats.pixel_units import check_pixels

__all__ = ['TrackedBox', 'read_mot']


class TrackedBox(NamedTuple):
    """A line of the file.

    Attributes:
        frame: Number of the frame as in the file, which counts from 1.
        track_id: The person; -1 in files of detections.
        box: (4,) xyxy.
        score: The confidence, 1 without one; ground truth marks what is to be ignored by 0.
        line: Number of the line, from 1.
    """

    frame: int
    track_id: int
    box: NDArray[Any]
    score: float
    line: int


def read_mot(path: str | Path) -> list[TrackedBox]:
    """Read a file; empty lines are left out.

    Raises:
        UsageError: It is no text, or a line is something else; with its number.
    """
    boxes = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            # Other programs separate by spaces or semicolons, or end a line with a comma.
            values = [float(value) for value in re.split(r'[,;\s]+', line.strip().rstrip(','))]
            left, top, width, height = values[2:6]
            frame, track = int(values[0]), int(values[1])
        except (ValueError, OverflowError):
            raise UsageError(
                f'{path}, line {number}: expected frame,id,left,top,width,height[,confidence] as '
                f'in MOTChallenge, got {line[:80]!r}'
            ) from None
        box = np.array([left, top, left + width, top + height])
        boxes.append(TrackedBox(frame, track, box, values[6] if len(values) > 6 else 1.0, number))
    check_pixels(path, 'boxes', np.array([found.box for found in boxes]))
    return boxes
