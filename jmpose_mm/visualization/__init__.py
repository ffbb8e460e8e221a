"""Drawing: poses on images, pictures that compare, videos."""

from jmpose_mm.visualization.comparison import (
    Panel,
    Row,
    comparison_picture,
    person_window,
    save_picture,
    side_by_side,
)
from jmpose_mm.visualization.drawing import draw_errors, draw_poses, write_text
from jmpose_mm.visualization.film import write_film

__all__ = [
    'Panel',
    'Row',
    'comparison_picture',
    'draw_errors',
    'draw_poses',
    'person_window',
    'save_picture',
    'side_by_side',
    'write_film',
    'write_text',
]
