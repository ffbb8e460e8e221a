"""Curves of numbers over a training, several trainings in one panel for each number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jmpose_mm.visualization.charts import DOTS_PER_INCH, FAINT, GRID, INK, WIDTH
from jmpose_mm.whole_files import whole_file

__all__ = ['Curve', 'save_curves']

# Apart for every common kind of colour blindness (Okabe and Ito, 2008).
COLOURS = ('#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#000000')
STYLES = ('-', '--', ':', '-.')
PANEL_HEIGHT = 2.4
FEW = 30  # points that are marked one by one


class Curve(NamedTuple):
    """One number of one training.

    Attributes:
        unit: ``'iteration'`` or ``'epoch'``, which the steps count.
        points: Pairs of step and value.
    """

    unit: str
    points: list[tuple[int, float]]


def save_curves(path: str | Path, panels: Mapping[str, Mapping[str, Curve]]) -> Path:
    """Draw curves into a picture that appears whole or not at all.

    Args:
        path: A PNG file, or another format that matplotlib knows.
        panels: Name of each number to its curves by training, at least one.

    Raises:
        ValueError: There is nothing to draw.
    """
    if not panels:
        raise ValueError('panels: expected at least one number to draw, got none')
    # Names of losses and folders are no formulas.
    with rc_context({'text.parse_math': False}):
        columns = min(2, len(panels))
        rows = -(-len(panels) // columns)
        size = (WIDTH, 0.5 + PANEL_HEIGHT * rows)
        figure = Figure(figsize=size, layout='constrained')
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, (name, curves) in zip(grid, panels.items(), strict=False):
            _draw(axes, name, curves)
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc='outside upper left', ncols=3, frameon=False)
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, dpi=DOTS_PER_INCH, facecolor='white')
    return Path(path)


def _draw(axes: Axes, name: str, curves: Mapping[str, Curve]) -> None:
    axes.spines[['top', 'right', 'left', 'bottom']].set_visible(False)
    axes.tick_params(length=0, colors=INK, labelsize=8)
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(name, loc='left', fontsize=10, color=INK)
    for index, (title, curve) in enumerate(curves.items()):
        steps, values = zip(*curve.points, strict=True) if curve.points else ((), ())
        axes.plot(
            steps,
            values,
            STYLES[index // len(COLOURS) % len(STYLES)],
            color=COLOURS[index % len(COLOURS)],
            marker='o' if len(steps) < FEW else '',
            markersize=3,
            linewidth=1.5,
            label=title,
        )
    units = {curve.unit for curve in curves.values() if curve.points}
    axes.set_xlabel(' or '.join(sorted(units)), color=FAINT, fontsize=8)
