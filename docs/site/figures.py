"""The figures of the methods' pages: boxes on a grid and arrows between them, as SVG.

`python docs/site/figures.py` writes docs/figures/*.svg. A test holds that the files are these.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / 'figures'
CELL_WIDTH, CELL_HEIGHT = 176, 76  # pixels between the centres of neighbouring boxes
BOX_WIDTH, BOX_HEIGHT = 146, 46
MARGIN = 16
LINE_HEIGHT = 15
# Fill and edge by what a box is; legible on white, which is drawn behind, in a dark page too.
COLOURS = {
    'frozen': ('#e3e7ee', '#7b8794'),
    'trained': ('#dbeafe', '#2563eb'),
    'result': ('#dcfce7', '#15803d'),
    'objective': ('#fef3c7', '#b45309'),
}


@dataclass(frozen=True)
class Box:
    """A box of a figure.

    Args:
        column: place from the left, from 0, in cells; fractions are allowed.
        row: place from the top, from 0, in cells.
        text: its lines, separated by a line break.
        kind: a key of `COLOURS`.
    """

    column: float
    row: float
    text: str
    kind: str = 'trained'

    @property
    def centre(self) -> tuple[float, float]:
        """x and y in pixels."""
        return (
            MARGIN + BOX_WIDTH / 2 + self.column * CELL_WIDTH,
            MARGIN + BOX_HEIGHT / 2 + self.row * CELL_HEIGHT,
        )


@dataclass(frozen=True)
class Figure:
    """A figure: its boxes by name, and the pairs of names that arrows join."""

    title: str
    boxes: dict[str, Box]
    arrows: tuple[tuple[str, str], ...]


FRAMES = Box(0, 1, 'T frames,\none box', 'frozen')
BACKBONE = Box(1, 1, 'backbone\nof each frame', 'frozen')
HEATMAP_LAYER = Box(2, 0, 'heatmap layer:\ninitial heatmaps', 'frozen')

FIGURES = {
    'jm_pose': Figure(
        'JM-Pose',
        {
            'frames': FRAMES,
            'backbone': BACKBONE,
            'initial': HEATMAP_LAYER,
            'motion': Box(2, 2, 'motion: differences\nof four stages'),
            'joint': Box(3, 1, 'joint learner:\ndeformable conv.'),
            'mutual': Box(4, 1, 'mutual learning,\nL stages'),
            'head': Box(5, 1, 'head:\nheatmaps of the key', 'result'),
            'loss': Box(4, 0, 'orthogonality\nI(J; M | Ĥ)', 'objective'),
        },
        (
            *(('frames', 'backbone'), ('backbone', 'initial'), ('backbone', 'motion')),
            *(('initial', 'joint'), ('motion', 'joint'), ('joint', 'mutual')),
            *(('motion', 'mutual'), ('mutual', 'head'), ('initial', 'loss'), ('mutual', 'loss')),
        ),
    ),
    'tdmi': Figure(
        'TDMI',
        {
            'frames': FRAMES,
            'backbone': BACKBONE,
            'differences': Box(2, 0, 'differences\nof four stages'),
            'encoder': Box(3, 0, 'temporal difference\nencoder'),
            'parts': Box(4, 0, 'disentanglement:\nuseful and noisy'),
            'appearance': Box(3, 2, 'appearance:\naligned frames'),
            'fusion': Box(4, 1, 'fusion'),
            'head': Box(5, 1, 'head:\nheatmaps of the key', 'result'),
            'loss': Box(5, 0, 'seven terms of\ninformation', 'objective'),
        },
        (
            *(('frames', 'backbone'), ('backbone', 'differences'), ('differences', 'encoder')),
            *(('encoder', 'parts'), ('backbone', 'appearance'), ('parts', 'fusion')),
            *(('appearance', 'fusion'), ('fusion', 'head'), ('parts', 'loss')),
        ),
    ),
    'fami_pose': Figure(
        'FAMI-Pose',
        {
            'frames': FRAMES,
            'backbone': BACKBONE,
            'shift': Box(2, 0, 'shift of each\nsupporting frame'),
            'fused': Box(3, 0, 'shifted frames,\nfused'),
            'calibration': Box(4, 1, 'four deformable\nsteps, by the key'),
            'key': Box(3, 2, "key frame's\nfeatures", 'frozen'),
            'head': Box(5, 1, 'head:\nheatmaps of the key', 'result'),
            'loss': Box(5, 0, 'six terms of\ninformation', 'objective'),
        },
        (
            *(('frames', 'backbone'), ('backbone', 'shift'), ('shift', 'fused')),
            *(('fused', 'calibration'), ('backbone', 'key'), ('key', 'calibration')),
            *(('calibration', 'head'), ('calibration', 'loss')),
        ),
    ),
    'dcpose': Figure(
        'DCPose',
        {
            'frames': Box(0, 1, 'previous, key,\nnext frame', 'frozen'),
            'initial': Box(1, 1, 'single-frame\nheatmaps', 'frozen'),
            'residual': Box(2, 0, 'residual fusion:\ndifferences'),
            'merger': Box(2, 2, 'temporal merger:\nby nearness'),
            'correction': Box(3, 1, 'five deformable\nconvolutions'),
            'result': Box(4, 1, 'mean: heatmaps\nof the key', 'result'),
        },
        (
            *(('frames', 'initial'), ('initial', 'residual'), ('initial', 'merger')),
            *(('residual', 'correction'), ('merger', 'correction'), ('correction', 'result')),
        ),
    ),
    'posewarper': Figure(
        'PoseWarper',
        {
            'frames': Box(0, 1, 'T frames', 'frozen'),
            'initial': Box(1, 1, 'single-frame\nheatmaps', 'frozen'),
            'difference': Box(2, 0, 'difference to the key,\n20 residual blocks'),
            'warps': Box(3, 1, 'five warps of each\nframe, averaged'),
            'result': Box(4, 1, 'weighted sum:\nheatmaps of the key', 'result'),
        },
        (
            *(('frames', 'initial'), ('initial', 'difference'), ('initial', 'warps')),
            *(('difference', 'warps'), ('warps', 'result')),
        ),
    ),
    'tar': Figure(
        'TAR',
        {
            'frames': FRAMES,
            'backbone': Box(1, 1, 'tokens of\neach frame'),
            'initial': Box(2, 0, 'heatmap layers:\njoint masks'),
            'aggregation': Box(3, 0, 'joint tokens ask\nall frames, 6 times'),
            'restoration': Box(4, 1, "key frame's tokens\nask joint tokens"),
            'head': Box(5, 1, 'the same heatmap\nlayers', 'result'),
        },
        (
            *(('frames', 'backbone'), ('backbone', 'initial'), ('backbone', 'aggregation')),
            *(('initial', 'aggregation'), ('aggregation', 'restoration')),
            *(('backbone', 'restoration'), ('restoration', 'head')),
        ),
    ),
}


def draw(figure: Figure) -> str:
    """The figure as the text of an SVG file."""
    boxes = figure.boxes.values()
    width = 2 * MARGIN + BOX_WIDTH + max(box.column for box in boxes) * CELL_WIDTH
    height = 2 * MARGIN + BOX_HEIGHT + max(box.row for box in boxes) * CELL_HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" font-family="sans-serif" font-size="13">',
        f'<title>{escape(figure.title)}: from frames to heatmaps</title>',
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#475569"/></marker></defs>',
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#ffffff"/>',
        *(_arrow(figure.boxes[start], figure.boxes[end]) for start, end in figure.arrows),
        *(_box(box) for box in boxes),
        '</svg>\n',
    ]
    return '\n'.join(lines)


def _box(box: Box) -> str:
    x, y = box.centre
    fill, edge = COLOURS[box.kind]
    texts = box.text.split('\n')
    # SVG places the baseline, a third of a line below the middle of a letter.
    first = y - LINE_HEIGHT * (len(texts) - 1) / 2 + LINE_HEIGHT / 3
    written = ''.join(
        f'<text x="{x:g}" y="{first + i * LINE_HEIGHT:g}" text-anchor="middle">'
        f'{escape(text)}</text>'
        for i, text in enumerate(texts)
    )
    return (
        f'<rect x="{x - BOX_WIDTH / 2:g}" y="{y - BOX_HEIGHT / 2:g}" width="{BOX_WIDTH}"'
        f' height="{BOX_HEIGHT}" rx="6" fill="{fill}" stroke="{edge}"/>{written}'
    )


def _arrow(start: Box, end: Box) -> str:
    """From the right side of a box to the left of another, or up or down within a column."""
    (x, y), (u, v) = start.centre, end.centre
    if start.column == end.column:
        sign = 1 if v > y else -1
        path = f'M{x:g} {y + sign * BOX_HEIGHT / 2:g}L{u:g} {v - sign * BOX_HEIGHT / 2:g}'
    else:
        x, u = x + BOX_WIDTH / 2, u - BOX_WIDTH / 2
        # The bend is in the last gap, so that a long arrow stays in its row until there.
        bend = u - (CELL_WIDTH - BOX_WIDTH)
        middle = (bend + u) / 2
        path = f'M{x:g} {y:g}H{bend:g}C{middle:g} {y:g} {middle:g} {v:g} {u:g} {v:g}'
    return f'<path d="{path}" fill="none" stroke="#475569" marker-end="url(#end)"/>'


if __name__ == '__main__':
    FOLDER.mkdir(exist_ok=True)
    for name, figure in FIGURES.items():
        (FOLDER / f'{name}.svg').write_text(draw(figure), encoding='utf-8')
