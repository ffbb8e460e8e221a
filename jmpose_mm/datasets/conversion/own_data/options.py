"""Options by which own labels are understood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jmpose_mm.datasets.conversion.own_data.videos import COUNTS
from jmpose_mm.errors import UsageError

__all__ = ['OwnOptions']


@dataclass(frozen=True)
class OwnOptions:
    """Options by which own labels are understood; None leaves a fact to be found.

    Attributes:
        also: Further sources, which are joined with the first.
        images: Folder of the images, where they do not lie beside the labels.
        category: Names of the categories to take.
        joints: Joints to take, see `skeleton_of_labels`.
        flip_pairs: Pairs of joints that a mirrored picture exchanges.
        links: Pairs of joints with a line between, where label files have none.
        video_pattern: Regular expression that finds the video in an image's path.
        frames: Meaning of the numbers of frames, one of `COUNTS`.
        val: Share of the labelled frames, or names of the videos, to hold out.
        films: Folder of films that neighbours are extracted from.
        neighbours: Number of frames on each side.
    """

    also: tuple[str, ...] = ()
    images: str | None = None
    category: str | None = None
    joints: str | None = None
    flip_pairs: str | None = None
    links: str | None = None
    video_pattern: str | None = None
    frames: str = 'auto'
    val: str = '0.2'
    films: str | None = None
    neighbours: int = 2

    def check(self) -> None:
        """Raise `UsageError` where one is none of its values."""
        if self.frames not in COUNTS:
            raise UsageError(f'frames: expected one of {", ".join(COUNTS)}, got {self.frames!r}')
        if self.neighbours < 1:
            raise UsageError(f'neighbours: expected at least 1, got {self.neighbours}')
        if self.films is None and self.neighbours != type(self).neighbours:
            raise UsageError(
                'neighbours: expected together with `films`, which they are extracted from, got no '
                'films'
            )
        if self.images is not None and not Path(self.images).is_dir():
            raise UsageError(f'images: expected a folder of images, got {self.images}')
        if self.films is not None and self.frames in ('order', 'time'):
            raise UsageError(
                f'frames: expected number together with `films`, whose frames have numbers, got '
                f'{self.frames}'
            )
