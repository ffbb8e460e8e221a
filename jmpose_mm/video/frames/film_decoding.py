"""Frames of a video with their numbers and times; what is damaged is passed over and said."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from heapq import heappop, heappush
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from jmpose_mm.errors import without_credentials
from jmpose_mm.video.frames.containers import VideoInfo, opened
from jmpose_mm.video.frames.packets import packets_near
from jmpose_mm.video.frames.span import LazyFrame, Position
from jmpose_mm.video.records import Remarks

__all__ = ['film_frames']

TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
# Containers that count their frames; the length of others is good to a second.
COUNTING_SUFFIXES = ('.avi', '.m4v', '.mov', '.mp4')


def film_frames(
    name: str, seen: VideoInfo, assumed_fps: float, remarks: Remarks, start: Position = 0
) -> Iterator[LazyFrame]:
    """Frames of a video from some way before ``start`` on.

    Args:
        name: A file or an address.
        seen: Facts that the file states about itself.
        assumed_fps: For times where there are none.
        remarks: Gets a problem where frames are damaged, or if they end too early.
        start: The first frame that is needed.
    """
    numbering = _Numbering(seen, assumed_fps)
    damage, converter = _Damage(), VideoReformatter()
    with opened(name) as (container, stream):
        numbering.unit = float(stream.time_base)
        for number, packet in packets_near(container, stream, start, seen.origin, damage.add):
            numbering.expect(number, packet)
            for frame in _decoded(packet, damage):
                index, seconds = numbering.of(frame)
                if frame.is_corrupt:
                    damage.add()
                yield LazyFrame(index, seconds, '', partial(_image, frame, converter))
    _say(name, seen, numbering, damage, remarks)


class _Damage:
    """Counts packets and frames that are not as they should be."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        self.count += 1


class _Numbering:
    """Gives frames their numbers and times, from the times of the packets.

    A frame that could not be decoded keeps its number: its packet was there, and its time passed.
    """

    def __init__(self, seen: VideoInfo, assumed_fps: float) -> None:
        self.step = 1 / (seen.fps or assumed_fps)
        self.origin, self.unit = seen.origin, 0.0
        self.missing, self.is_counted = 0, seen.count is not None
        self.next: int | None = None
        self.last: float | None = None
        self._expected: list[int] = []

    def expect(self, number: int, packet: Any) -> None:
        """A packet is about to be decoded; ``number`` frames come before it."""
        if self.next is None:
            self.next = number
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.size and not packet.is_discard:
            heappush(self._expected, stamp)

    def of(self, frame: Any) -> tuple[int, float]:
        """Number and time of the next frame."""
        shown = None if frame.pts is None else (frame.pts - self.origin) * self.unit
        passed = self._passed(frame.pts)
        if self.last is None:
            # What a recording begins with in the middle of a group was never a frame of it.
            passed = passed if self.is_counted or self.next else 0
            self.missing += passed if self.next == 0 else 0
            seconds = shown or 0.0
        elif shown is not None and shown > self.last:
            # Some packets show nothing and take no time: they are no frames.
            passed = min(passed, max(0, round((shown - self.last) / self.step) - 1))
            self.missing += passed
            seconds = shown
        else:
            passed, seconds = 0, self.last + self.step
        index = (self.next or 0) + passed
        self.next, self.last = index + 1, seconds
        return index, seconds

    def _passed(self, stamp: int | None) -> int:
        """How many packets should have been shown before a frame."""
        passed = 0
        while self._expected and stamp is not None and self._expected[0] < stamp:
            heappop(self._expected)
            passed += 1
        if self._expected and (stamp is None or self._expected[0] == stamp):
            heappop(self._expected)
        return passed


def _decoded(packet: Any, damage: _Damage) -> list[Any]:
    try:
        return packet.decode()
    # The decoder was flushed already.
    except av.EOFError:
        return []
    except av.FFmpegError:
        damage.add()
        return []


def _image(frame: Any, converter: Any) -> np.ndarray | None:
    """The upright picture; one converter for a film, since each makes its tables anew."""
    try:
        image = converter.reformat(frame, format='bgr24').to_ndarray()
    except (av.FFmpegError, ValueError):
        return None
    turn = TURNS.get(frame.rotation % 360)
    return image if turn is None else cv2.rotate(image, turn)


def _say(
    name: str, seen: VideoInfo, numbering: _Numbering, damage: _Damage, remarks: Remarks
) -> None:
    """What was damaged, and whether the end came too early."""
    shown, fps = without_credentials(name), seen.fps or 1 / numbering.step
    length = seen.length
    last = numbering.last or 0.0
    end = (length or 0) / fps if seen.seconds is None or seen.count else seen.seconds
    slack = 2.5 * numbering.step + (0 if name.lower().endswith(COUNTING_SUFFIXES) else 1)
    if length is not None and (numbering.next or 0) < length and last + slack < end:
        remarks.problems.append(
            f'{shown}: expected {length} frames ({end:.2f} s), could read {numbering.next or 0} '
            f'({last + numbering.step:.2f} s); the file is damaged or incomplete'
        )
    elif damage.count:
        remarks.problems.append(
            f'{shown}: {damage.count} packets are damaged, {numbering.missing} frames were left out'
        )
