"""The images of a converted video: links to those on disk, and frames of a film."""

from __future__ import annotations

import filecmp
from collections.abc import Collection
from pathlib import Path

from jmpose_mm.datasets.conversion.links import link_file
from jmpose_mm.datasets.conversion.own_data.film_frames import ReadFilm, extract_frames, film_offset
from jmpose_mm.datasets.conversion.own_data.labelled_frames import LabelledImage
from jmpose_mm.datasets.conversion.own_data.videos import OwnFrame, OwnVideo
from jmpose_mm.errors import UsageError

__all__ = ['FilmFrames', 'write_images']

REACH = 10  # frames on each side of a labelled one that windows may need


class FilmFrames:
    """Frames of a film around labelled ones.

    Args:
        film: The film.
        read: Reads it.
        neighbours: Number of frames on each side.
    """

    def __init__(self, film: Path, read: ReadFilm, neighbours: int) -> None:
        self.film, self.read, self.neighbours = film, read, neighbours

    def wanted(
        self, video: OwnVideo, labelled: Collection[int], present: Collection[int], folder: Path
    ) -> tuple[dict[int, Path], int]:
        """Files to write by their number in the film, and the film's number less the label's."""
        offset = film_offset(video, self.film, labelled, self.read)
        reach = range(-self.neighbours, self.neighbours + 1)
        numbers = {number + step for number in labelled for step in reach} - set(present)
        files = {n + offset: folder / f'{n:06d}.jpg' for n in sorted(numbers) if n + offset >= 0}
        return files, offset


def write_images(
    video: OwnVideo,
    labelled: dict[int, LabelledImage],
    folder: Path,
    film: FilmFrames | None,
    copy: bool,
) -> tuple[dict[int, Path], int]:
    """Make the images of a video: labelled frames and those around them.

    Args:
        video: The video.
        labelled: Labelled images by frame number.
        folder: Folder to write into.
        film: Film that frames are taken from where they are not on disk.
        copy: Copy where no link can be made.

    Returns:
        File of each frame by number, and what is added to numbers for those of the film.

    Raises:
        UsageError: The folder holds frames of another conversion, or the film does not fit.
    """
    near = _around(video.frames, labelled)
    files = {f.number: folder / f'{f.number:06d}{f.file.suffix.lower()}' for f in near if f.file}
    from_film: dict[int, Path] = {}
    offset = 0
    if film is not None:
        from_film, offset = film.wanted(video, labelled, files, folder)
    _check_folder(folder, {*files.values(), *from_film.values()})
    folder.mkdir(parents=True, exist_ok=True)
    for frame in near:
        target = files[frame.number]
        if frame.file is not None:
            _link(frame.file, target, copy)
    if film is not None:
        size = next((image.size for image in labelled.values() if image.size is not None), None)
        past = extract_frames(film.film, from_film, film.read, size)
        files |= {n - offset: file for n, file in from_film.items() if n not in past}
    return files, offset


def _link(source: Path, target: Path, copy: bool) -> None:
    """Let a frame be an image; that of an earlier conversion stays where it is the same."""
    if target.is_symlink() and not target.exists():
        target.unlink()  # the images of the earlier conversion were moved
    if not target.exists():
        link_file(source, target, copy)
    elif not (target.samefile(source) or filecmp.cmp(source, target, shallow=False)):
        raise UsageError(
            f'{target}: expected the image {source}, found another one, of an earlier conversion; '
            'remove the folder, or choose another OUT'
        )


def _around(frames: tuple[OwnFrame, ...], labelled: Collection[int]) -> list[OwnFrame]:
    """Frames on disk that are labelled or few places away from one that is."""
    present = [frame for frame in frames if frame.file is not None]
    near: set[int] = set()
    for place, frame in enumerate(present):
        if frame.number in labelled:
            near.update(range(max(0, place - REACH), min(len(present), place + REACH + 1)))
    return [present[place] for place in sorted(near)]


def _check_folder(folder: Path, wanted: set[Path]) -> None:
    """Frames of an earlier conversion would become neighbours."""
    others = [f for f in folder.iterdir() if f not in wanted] if folder.is_dir() else []
    others = [file for file in others if not file.name.startswith('.')]
    if others:
        raise UsageError(
            f'{folder}: expected no other frames than those of this conversion, got '
            f'{others[0].name}, of an earlier one; remove the folder, or choose another OUT'
        )
