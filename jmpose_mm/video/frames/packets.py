"""Packets of a video from a position on, without decoding what comes before.

A container holds packets in the order of decoding; a frame's time is its packet's. Times here are
in the stream's unit, ``time_base`` seconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any

import av

__all__ = ['packets_near']

REORDERED = 16  # no codec shows a frame more than so many packets after the one that follows it
# Longer than any usual distance of key frames: 100 s at 30 frames per second.
WAITING_PACKETS = 3000


def packets_near(
    container: Any, stream: Any, position: int | float, origin: int, failed: Callable[[], None]
) -> Iterator[tuple[int, Any]]:
    """Packets from some way before a position on, each with the number of frames before it.

    They begin with a packet that can be decoded without earlier ones. Nothing is decoded on the
    way, and nothing is read where the container has an index of all packets.

    Args:
        container: An open one.
        stream: Video stream of the file.
        position: A frame's number (int) or a time in seconds since the first frame (float).
        origin: Time of the first frame.
        failed: Is called where a packet cannot be read.
    """
    frame = position if isinstance(position, int) else None
    time = None if frame is not None else origin + int(position / stream.time_base)
    start = _from_index(container, stream, frame, time) if position else 0
    packets = _numbered(container, stream, start or 0, failed)
    if start is None:
        packets = _passed_over(packets, frame, time)
    yield from packets


def _numbered(
    container: Any, stream: Any, number: int, failed: Callable[[], None]
) -> Iterator[tuple[int, Any]]:
    """Packets with the number of frames before each; one that cannot be read is passed over."""
    for _ in range(WAITING_PACKETS):
        try:
            for packet in container.demux(stream):
                yield number, packet
                number += not packet.is_discard
            return
        except av.FFmpegError as error:
            failed()
            if not isinstance(error, av.InvalidDataError):
                return  # e.g. an address that does not answer any more


def _from_index(container: Any, stream: Any, frame: int | None, time: int | None) -> int | None:
    """Jump to a key frame before a position.

    Returns:
        The number of frames before it; None where that cannot be told.
    """
    entries = list(stream.index_entries)
    stamps = [entry.timestamp for entry in entries]
    if not entries or len(entries) != stream.frames or stamps != sorted(stamps):
        return None
    hidden = [n for n, entry in enumerate(entries) if entry.is_discard]
    wanted = int(frame or 0) + len(hidden) if time is None else bisect_right(stamps, time)
    last = max(0, min(wanted, len(entries)) - REORDERED)
    start = next((n for n in range(last, -1, -1) if entries[n].is_keyframe), 0)
    container.seek(stamps[start], stream=stream)
    first = next(iter(container.demux(stream)), None)
    stamp = None if first is None else first.dts if first.dts is not None else first.pts
    found = None if stamp is None else bisect_left(stamps, stamp)
    if found is None or found > last or stamps[found] != stamp:  # it went somewhere else
        container.seek(stamps[0], stream=stream)
        return 0
    container.seek(stamps[start], stream=stream)
    return found - bisect_left(hidden, found)


def _passed_over(
    packets: Iterator[tuple[int, Any]], frame: int | None, time: int | None
) -> Iterator[tuple[int, Any]]:
    """Pass over packets, keeping those since the key frame before the last one."""
    kept: list[tuple[int, Any]] = []
    keys: list[int] = []
    for number, packet in packets:
        if packet.is_keyframe:
            keys = [*keys[-1:], number]
            kept = [item for item in kept if item[0] >= keys[0]]
        kept.append((number, packet))
        stamp = packet.pts if packet.pts is not None else packet.dts
        is_there = number >= frame if frame is not None else stamp is None or stamp >= (time or 0)
        if is_there or packet.size == 0 or len(kept) > WAITING_PACKETS:
            break
    yield from kept
    yield from packets
