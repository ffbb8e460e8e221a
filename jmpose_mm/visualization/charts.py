"""Charts of one number for many parts and one or two runs, with matplotlib.

A chart has a row of marks for each part, or a point for each range of a number.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jmpose_mm.whole_files import whole_file

__all__ = ['Chart', 'save_chart']

# Blue and orange stay apart for every common kind of colour blindness.
ONE_RUN, TWO_RUNS = ('#2f6fa8',), ('#444444', '#e07b1f')
GAIN, LOSS, NEUTRAL = '#2f6fa8', '#c2482e', '#8a8a8a'
INK, FAINT, GRID = '#222222', '#777777', '#e3e3e3'
WIDTH, ROW_HEIGHT, DOTS_PER_INCH = 7.6, 0.27, 140
NOTE_LETTERS = 120  # that fit into the width
FEW, PALE = 10, 0.3  # AP of so few says little


@dataclass(frozen=True)
class Chart:
    """The content of a chart.

    Attributes:
        title: Above the chart.
        number: Name of the number, with its unit.
        parts: Name of each part.
        counts: Number of things (of the kind ``counted``) in each part.
        runs: Name of each run, one or two, to its numbers, one for each part; NaN is left out.
        counted: Name of what is counted.
        ranges: Name of the quantity whose ranges are the parts; they are then points on a line in
            their order.
        note: Said below: what the numbers hold for.
        whole: The first part is the whole, and stands apart.
    """

    title: str
    number: str
    parts: Sequence[str]
    counts: Sequence[int]
    runs: dict[str, np.ndarray]
    counted: str = 'persons'
    ranges: str = ''
    note: str = ''
    whole: bool = True


def save_chart(path: str | Path, chart: Chart) -> Path:
    """Draw a chart into a PNG file that appears whole or not at all.

    Raises:
        ValueError: There are no parts, or a run has another number of them.
    """
    for name, values in {'counts': chart.counts, **chart.runs}.items():
        if not len(chart.parts) or len(values) != len(chart.parts):
            raise ValueError(
                f'{chart.title!r}: expected one number for each of {len(chart.parts)} parts (at '
                f'least one), got {len(values)} for {name!r}'
            )
    # Names of runs and videos are no formulas.
    with rc_context({'text.parse_math': False}):
        figure = _figure(chart)
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, dpi=DOTS_PER_INCH, facecolor='white')
    return Path(path)


def _figure(chart: Chart) -> Figure:
    rows = 9 if chart.ranges else len(chart.parts)
    figure = Figure(figsize=(WIDTH, 1.6 + ROW_HEIGHT * rows), layout='constrained')
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06)
    axes = figure.add_subplot()
    axes.spines[['top', 'right', 'left', 'bottom']].set_visible(False)
    axes.tick_params(length=0, colors=INK, labelsize=9)
    axes.set_axisbelow(True)
    figure.suptitle(chart.title, x=0.01, ha='left', fontsize=12, fontweight='bold', color=INK)
    note = textwrap.fill(chart.note, NOTE_LETTERS)
    figure.supxlabel(note, x=0.01, ha='left', fontsize=7, color=FAINT)
    (_draw_ranges if chart.ranges else _draw_rows)(axes, chart)
    figure.draw_without_rendering()  # beside long names one pass of the layout is not enough
    return figure


def _draw_rows(axes: Axes, chart: Chart) -> None:
    """Bars for one run; for two, a line from the first to the second."""
    places = np.arange(len(chart.parts), dtype=float)
    places[1:] += 0.5 * chart.whole
    axes.set_ylim(places[-1] + 0.7, -1.2)
    axes.set_yticks(places, chart.parts)
    axes.grid(axis='x', color=GRID)
    known = np.isfinite(list(chart.runs.values())).all(axis=0)
    few = (np.asarray(chart.counts) < FEW) & known
    note = f' (pale: fewer than {FEW} {chart.counted})' if few.any() else ''
    axes.set_xlabel(chart.number + note, color=FAINT, fontsize=9)
    draw = _bars if len(chart.runs) == 1 else _dumbbells
    counts = [f'{count:,}' for count in chart.counts]
    _column(axes, draw(axes, chart, places, few), chart.counted, places, counts)


def _bars(axes: Axes, chart: Chart, places: np.ndarray, few: np.ndarray) -> float:
    """Draw and return where the next column starts, in shares of the width."""
    (values,) = chart.runs.values()
    axes.set_xlim(0, 100)
    colours = [INK if chart.whole else ONE_RUN[0], *[ONE_RUN[0]] * (len(places) - 1)]
    for bar, pale in zip(axes.barh(places, values, 0.66, color=colours), few, strict=True):
        bar.set_alpha(PALE if pale else 1)
    for place, value, pale in zip(places, values, few, strict=True):
        inside = value > 12
        x, side = (value - 0.8, 'right') if inside else (np.nan_to_num(value) + 0.8, 'left')
        colour = 'white' if inside and not pale else INK
        text = _said(value, '.1f')
        axes.text(x, place, text, ha=side, va='center', fontsize=8, color=colour)
    return 1.02


def _dumbbells(axes: Axes, chart: Chart, places: np.ndarray, few: np.ndarray) -> float:
    """Draw and return where the next column starts, in shares of the width."""
    first, second = chart.runs.values()
    change = second - first
    colours = np.where(np.abs(change) < 0.05, NEUTRAL, np.where(change > 0, GAIN, LOSS))
    alphas = np.where(few, PALE, 1.0)
    axes.hlines(places, first, second, color=colours, linewidth=3, alpha=0.45 * alphas)
    styles = (('white', TWO_RUNS[0]), (TWO_RUNS[1], TWO_RUNS[1]))
    for (face, edge), (name, values) in zip(styles, chart.runs.items(), strict=True):
        axes.scatter([], [], 42, color=face, edgecolors=edge, label=name)
        axes.scatter(values, places, 42, color='white', zorder=3)
        axes.scatter(values, places, 42, color=face, edgecolors=edge, alpha=alphas, zorder=4)
    _legend(axes)
    _column(axes, 1.02, 'Δ', places, [_said(value, '+.1f') for value in change], colours)
    return 1.15


def _column(
    axes: Axes,
    left: float,
    title: str,
    places: np.ndarray,
    texts: Sequence[str],
    colours: Sequence[str] = (),
) -> None:
    """Write a column of numbers beside the chart, right-aligned under its title."""
    aside = axes.get_yaxis_transform()
    right = left + 0.08
    axes.text(right, -0.9, title, transform=aside, color=FAINT, fontsize=8, ha='right')
    colours = colours if len(colours) else [FAINT] * len(texts)
    for place, text, colour in zip(places, texts, colours, strict=True):
        axes.text(
            right, place, text, transform=aside, color=colour, fontsize=8, ha='right', va='center'
        )


def _draw_ranges(axes: Axes, chart: Chart) -> None:
    """A line through the parts, and a dashed one at the whole."""
    places = np.arange(len(chart.parts) - 1)
    axes.grid(axis='y', color=GRID)
    axes.set_ylabel(chart.number, color=FAINT, fontsize=9)
    axes.set_xlabel(chart.ranges, color=FAINT, fontsize=9)
    colours = ONE_RUN if len(chart.runs) == 1 else TWO_RUNS
    for (name, values), colour in zip(chart.runs.items(), colours, strict=True):
        axes.plot(places, values[1:], 'o-', color=colour, label=name, linewidth=2)
        axes.axhline(
            values[0], color=colour, linewidth=1, linestyle=(0, (4, 3)), label=f'{name}, all'
        )
    labels = [
        f'{part}\n{count:,} {chart.counted}'
        for part, count in zip(chart.parts, chart.counts, strict=True)
    ]
    axes.set_xticks(places, labels[1:])
    axes.margins(0.08, 0.15)
    _legend(axes)


def _legend(axes: Axes) -> None:
    axes.legend(
        loc='lower left',
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        fontsize=9,
        borderpad=0,
        handletextpad=0.5,
    )


def _said(value: float, form: str) -> str:
    return f'{value:{form}}'.replace('-', '−') if np.isfinite(value) else 'none'
