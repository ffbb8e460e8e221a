"""What the command line says about training on films."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmpose_mm.datasets.conversion.own_data.config_facts import METHODS
from jmpose_mm.errors import UsageError
from jmpose_mm.video.chosen_model import ChosenModel
from jmpose_mm.video.people.person_choice import PersonChoice

__all__ = ['FewLabelOptions']

_NOT_DECIDING = (
    *('videos', 'work_dir', 'device', 'weights_dir', 'teacher', 'start', 'labels', 'boxes'),
)
"""Others say these by the content of files, or they do not change the result."""


@dataclass(frozen=True)
class FewLabelOptions:
    """Films, models and what is done with them.

    Attributes:
        videos: Films, folders or patterns of films, folders of images.
        work_dir: Folder of all that is made; new, or of an earlier call.
        teacher: Image model that labels.
        start: Image model that the student is built on; None for the teacher.
        labels: File of a few true labels, see `read_true_labels`.
        method: Method of the student.
        frames: About how many frames are trained on.
        iterations: Steps of the training; None for those that suit the backbone.
        degraded: Share of the samples whose key frame is degraded, in [0, 1].
        agree: Let frames around speak where the teacher is not sure.
        detector: Finds people.
        boxes: File of boxes, instead.
        detect_every: People are looked for in every so many frames.
        lost: Seconds after which whoever comes back is somebody else.
        max_persons: So many in a frame at most; None for all.
        min_score: Least score of a box; None for the usual.
        device: Where models run.
        weights_dir: Folder of weights.
    """

    videos: tuple[str, ...]
    work_dir: str | Path
    teacher: ChosenModel
    start: ChosenModel | None = None
    labels: str | None = None
    method: str = 'jm_pose'
    frames: int = 600
    iterations: int | None = None
    degraded: float = 0.25
    agree: bool = True
    detector: str = 'auto'
    boxes: str | None = None
    detect_every: int = 1
    lost: float = 1.2
    max_persons: int | None = None
    min_score: float | None = None
    device: str = 'auto'
    weights_dir: str | None = None

    def check(self) -> None:
        """Raise `UsageError` where one is none of its values."""
        if self.method not in METHODS:
            raise UsageError(f'method: expected one of {", ".join(METHODS)}, got {self.method!r}')
        for name in ('frames', 'iterations', 'detect_every'):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f'{name}: expected at least 1, got {value}')
        if not 0 < self.lost < float('inf'):
            raise UsageError(f'lost: expected seconds above 0, got {self.lost}')
        PersonChoice.parse(self.max_persons, None, self.min_score)
        if not 0 <= self.degraded <= 1:
            raise UsageError(f'degraded: expected a share from 0 to 1, got {self.degraded}')
        if self.boxes is not None and self.detector != 'auto':
            raise UsageError(
                f'boxes: expected no detector beside them, got {self.boxes} and {self.detector}'
            )

    def deciding(self) -> dict[str, Any]:
        """What decides the result besides the content of files."""
        return {k: v for k, v in vars(self).items() if k not in _NOT_DECIDING}
