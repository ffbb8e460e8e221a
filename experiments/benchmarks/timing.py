"""Measures ratios of speed, and names the conditions that they hold under."""

from __future__ import annotations

import ctypes
import gc
import math
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from jmpose_mm.tables import plain_table

__all__ = [
    'Comparison',
    'as_json',
    'environment',
    'formatted',
    'growth_mib',
    'measure_seconds',
    'peak_mib',
]

THREAD_VARIABLES = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')


class Comparison(NamedTuple):
    """The same work done in two ways, run alternately so that a busy machine slows both.

    Attributes:
        name: Name of the work.
        reference: The other way.
        ours: Our way.
        reference_seconds: Seconds of each run.
        our_seconds: Seconds of each run; as many.
        note: Conditions for the reader.
    """

    name: str
    reference: str
    ours: str
    reference_seconds: list[float]
    our_seconds: list[float]
    note: str = ''

    @property
    def ratio(self) -> float:
        """The factor by which our way is faster: the ratio of the medians."""
        return median(self.reference_seconds) / median(self.our_seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """Least and greatest ratio of two runs beside each other."""
        pairs = zip(self.reference_seconds, self.our_seconds, strict=True)
        ratios = sorted(reference / ours for reference, ours in pairs)
        return ratios[0], ratios[-1]


def measure_seconds(work: Callable[[], Any], processor: bool = False) -> float:
    """Wall-clock seconds of one call, or those of all processor cores that it took."""
    clock = time.process_time if processor else time.perf_counter
    start = clock()
    work()
    return clock() - start


def peak_mib(work: Callable[[], Any]) -> float:
    """Largest resident memory of the process during a call; NaN where the system does not tell."""
    try:
        Path('/proc/self/clear_refs').write_text('5', encoding='utf-8')
    except OSError:
        return math.nan
    work()
    return _status_mib('VmHWM')


def growth_mib(work: Callable[[], Any]) -> float:
    """Growth of resident memory during a call, at its peak, in MiB; NaN where it is unknown."""
    _return_freed_memory()
    try:
        before = _status_mib('VmRSS')
    except OSError:
        return math.nan
    return peak_mib(work) - before


def _status_mib(name: str) -> float:
    lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name))) / 1024


def _return_freed_memory() -> None:
    """To the system: what the process keeps of earlier calls would not count as growth again."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    if trim is not None:
        trim(0)


def environment(packages: tuple[str, ...] = ('numpy', 'scipy', 'torch')) -> dict[str, Any]:
    """Machine, versions and thread settings: timings elsewhere differ, ratios less so."""
    return {
        'python': platform.python_version(),
        **{package: version(package) for package in packages},
        'cores': os.cpu_count(),
        'machine': platform.machine(),
        'threads': {name: os.environ.get(name, 'not set') for name in THREAD_VARIABLES},
        'load before': os.getloadavg()[0],
    }


def as_json(comparisons: list[Comparison], said: dict[str, Any]) -> dict[str, Any]:
    """Plain types: every run, medians, ratio and spread."""
    return {
        'environment': said,
        'comparisons': [
            {
                **comparison._asdict(),
                'ratio': comparison.ratio,
                'ratio_spread': list(comparison.spread),
            }
            for comparison in comparisons
        ],
    }


def formatted(comparisons: list[Comparison], said: dict[str, Any]) -> str:
    """A table with a row for each comparison, then what was measured on."""
    rows = [['', 'ratio', 'from - to', 'reference', 'ours', 'runs']]
    for one in comparisons:
        low, high = one.spread
        seconds = [
            f'{median(runs):.3g} s ({min(runs):.3g} - {max(runs):.3g})'
            for runs in (one.reference_seconds, one.our_seconds)
        ]
        runs = str(len(one.our_seconds))
        rows.append([one.name, f'{one.ratio:.1f}x', f'{low:.1f} - {high:.1f}', *seconds, runs])
    lines = [plain_table(rows)]
    for one in comparisons:
        lines.append(f'{one.name}: {one.ours} against {one.reference}. {one.note}'.rstrip())
    lines.append('medians; ' + ', '.join(f'{name}: {value}' for name, value in said.items()))
    return '\n'.join(lines)
