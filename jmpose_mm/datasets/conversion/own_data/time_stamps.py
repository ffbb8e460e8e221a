"""Times at the end of frames' names: 12.480 (seconds), 480ms, 14-03-12.480 (of the day)."""

from __future__ import annotations

import re

__all__ = ['milliseconds', 'without_time']

_CLOCK = re.compile(r'(?<!\d)(\d{2})[-:_.h](\d{2})[-:_.m](\d{2})[._](\d{3})$')
_SECONDS = re.compile(r'(?<![\d.])(\d+)\.(\d{3})$')
_MILLISECONDS = re.compile(r'(\d+) ?ms$', re.I)


def milliseconds(stem: str) -> int | None:
    """The time of a name without its ending; None without one."""
    clock = _CLOCK.search(stem)
    if clock:
        hours, minutes, seconds, thousandths = map(int, clock.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
    seconds = _SECONDS.search(stem)
    if seconds:
        return 1000 * int(seconds.group(1)) + int(seconds.group(2))
    stamp = _MILLISECONDS.search(stem)
    return int(stamp.group(1)) if stamp else None


def without_time(stem: str) -> str | None:
    """What stands before the time; None without one."""
    found = next(
        (f for f in (s.search(stem) for s in (_CLOCK, _SECONDS, _MILLISECONDS)) if f), None
    )
    return None if found is None else stem[: found.start()]
