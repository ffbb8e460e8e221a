"""Outputs of a video besides its poses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.output_folder import POSES
from jmpose_mm.video.files.pose_exports import EXPORTS, USUAL, checked_formats
from jmpose_mm.visualization.skeleton import Skeleton

__all__ = ['FILM', 'VideoOutputs']

FILM = 'film.mp4'


class VideoOutputs(NamedTuple):
    """Files that are written of a video, and how they look.

    Attributes:
        film: Write ``film.mp4``.
        drawing: Arguments of :class:`FrameDrawer`.
        beside: The ``poses.json`` of another run on the same source, drawn to the left.
        exports: Further forms or one, see :func:`export_poses`; None for the usual ones.
        smoothing: Keys of :data:`SMOOTHINGS` and :data:`REPAIRS`, or one of them, done to whole
            tracks at the end, one after the other.
        join: Identities are joined, before that, over gaps of so many seconds at most.
        codec: Codec of the film, see :class:`Film`.
        quality: Quality of the film, see :class:`Film`.
    """

    film: bool = True
    drawing: dict[str, Any] = {}
    beside: str | Path | None = None
    exports: str | Sequence[str] | None = None
    smoothing: str | Sequence[str] | None = None
    join: float | None = None
    codec: str = 'h264'
    quality: int = 23

    def check(self) -> None:
        """Raise `UsageError` for settings of a film that is not written: they would do nothing."""
        plain = VideoOutputs()
        drawn = {'draw_boxes': self.drawing.get('boxes'), 'trail': self.drawing.get('trail')}
        asked = {name: value for name, value in drawn.items() if value}
        for name in ('beside', 'codec', 'quality'):
            if getattr(self, name) != getattr(plain, name):
                asked[name] = getattr(self, name)
        if (asked.get('trail') or 0) < 0:
            raise UsageError(
                f'trail: expected a number of frames, or 0 for none, got {asked["trail"]}'
            )
        if asked and not self.film:
            name = next(iter(asked))
            raise UsageError(f'{name}: expected a film to be written, got none (no_video)')

    def forms(self, skeleton: Skeleton | None) -> list[str]:
        """Further forms; as long as the skeleton is not known, those that may come.

        Raises:
            UsageError: One is unknown or not possible.
        """
        if skeleton is not None:
            return checked_formats(skeleton, self.exports)
        given = USUAL if self.exports is None else self.exports
        return [form for form in ([given] if isinstance(given, str) else given) if form in EXPORTS]

    def names(self, skeleton: Skeleton | None) -> list[str]:
        """Names of the files, ``poses.json`` first."""
        forms = [EXPORTS[form][0] for form in self.forms(skeleton)]
        return [POSES, *forms, *([FILM] if self.film else [])]

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps that smooth and mend whole tracks, in their order."""
        given = self.smoothing
        return (given,) if isinstance(given, str) else tuple(given or ())

    @property
    def is_drawn_afterwards(self) -> bool:
        """Whether the film has to wait for whole tracks."""
        return bool(self.steps) or self.join is not None
