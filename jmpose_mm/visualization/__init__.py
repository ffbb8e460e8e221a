"""Drawing: poses on images, marks around them, pictures that compare, videos."""

from jmpose_mm.visualization.comparison import (
    Panel,
    Row,
    comparison_picture,
    save_picture,
    side_by_side,
)
from jmpose_mm.visualization.drawing import draw_errors, draw_poses, write_text
from jmpose_mm.visualization.film import Film, write_film
from jmpose_mm.visualization.marks import draw_boxes, draw_identities, draw_trails, overlay
from jmpose_mm.visualization.person_windows import person_window
from jmpose_mm.visualization.skeleton import Skeleton, posetrack_skeleton, skeleton_of

__all__ = [
    'Film',
    'Panel',
    'Row',
    'Skeleton',
    'comparison_picture',
    'draw_boxes',
    'draw_errors',
    'draw_identities',
    'draw_poses',
    'draw_trails',
    'overlay',
    'person_window',
    'posetrack_skeleton',
    'save_picture',
    'side_by_side',
    'skeleton_of',
    'write_film',
    'write_text',
]
