"""Several films in one go: which ones, which of them are done, and a table of what came out."""

from __future__ import annotations

import glob
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError, cut, without_credentials
from jmpose_mm.formats.frame_names import FILM_SUFFIXES
from jmpose_mm.video.files.output_folder import POSES, is_finished
from jmpose_mm.video.files.recordings import Recording, read_poses
from jmpose_mm.video.film_tables import FilmRow, tabled
from jmpose_mm.video.frames.images import natural_images

__all__ = [
    'FilmMaker',
    'film_names',
    'film_row',
    'films_in',
    'make_films',
    'may_be_same_film',
    'take_shard',
]

SLACK = 0.02  # of frames: containers that do not count them know their length to a second


class FilmMaker(NamedTuple):
    """What makes a film's results in a folder, and what it would make.

    Attributes:
        make: Makes the results of a film in a folder, or goes on with them.
        protocol: Conditions of the poses, that those of a finished run must share; versions aside.
        files: Names of the files; where one is missing, the film is not done.
        expected: Number of frames of a film, as far as it tells; where an earlier run was asked for
            less, it is not done.
    """

    make: Callable[[str, Path], Recording]
    protocol: dict[str, Any] = {}
    files: Sequence[str] = ()
    expected: Callable[[str], int | None] = lambda film: None

    def finished(self, film: str, folder: Path) -> Recording | None:
        """The poses that a finished run has left; None where something is to be done.

        Raises:
            UsageError: They are of another film, or were made otherwise.
        """
        if not is_finished(folder / POSES):
            return None
        recording = read_poses(folder / POSES)
        source, before = recording.header.source, recording.header.protocol
        now = json.loads(json.dumps(self.protocol))
        others = [k for k in now if k != 'versions' and k in before and before[k] != now[k]]
        said = [f'made with {k} {cut(before[k])}, not {cut(now[k])}' for k in others[:1]]
        if not may_be_same_film(source, without_credentials(film)):
            said = [f'of {source}']
        if said:
            raise UsageError(
                f'{folder} holds finished poses {said[0]}; --overwrite replaces them, or choose '
                'another --out-dir'
            )
        if not all((folder / name).exists() for name in self.files):
            return None
        # What could not be read is not there the second time either.
        wanted = None if recording.problems else self.expected(film)
        return (
            None if wanted is not None and len(recording) < wanted - SLACK * wanted else recording
        )


def films_in(inputs: Sequence[str]) -> list[str] | None:
    """The films that several inputs, a folder or a pattern of films name; None for one source.

    A folder or a pattern in which there are images is one source, as ever.
    """
    found = [film for given in inputs for film in _listed_films(given) or [given]]
    return found if len(inputs) > 1 or _listed_films(inputs[0]) is not None else None


def take_shard(films: Sequence[str], shard: str | None) -> list[str]:
    """Every n-th film from the i-th on, of ``'i/n'``; all without.

    Raises:
        UsageError: It is not such a thing.
    """
    if shard is None:
        return list(films)
    parts = re.fullmatch(r'(\d+)/(\d+)', shard)
    if not parts or not 1 <= int(parts[1]) <= int(parts[2]):
        raise UsageError(f'shard: expected 1/4 to 4/4 for four of them, got {shard!r}')
    return list(films[int(parts[1]) - 1 :: int(parts[2])])


def film_names(films: Sequence[str]) -> dict[str, str]:
    """A folder for each film, called like it; of equal names the later ones are numbered."""
    names: dict[str, str] = {}
    for film in films:
        stem = re.sub(r'[^\w.-]+', '_', Path(without_credentials(film)).stem) or 'film'
        number, name = 1, stem
        # Windows and macOS take names that differ in case for one.
        while name.lower() in {taken.lower() for taken in names.values()}:
            number += 1
            name = f'{stem}_{number}'
        names.setdefault(film, name)
    return names


def make_films(
    films: Sequence[str],
    folders: dict[str, str],
    out_dir: Path,
    maker: FilmMaker,
    overwrite: bool = False,
    table: str = 'summary.csv',
) -> list[FilmRow]:
    """Make each film that is not finished; one that fails does not end the others.

    Args:
        films: Names of the films.
        folders: Folder of each film, from :func:`film_names` of all films, of other shards too.
        out_dir: Folder that the folders and the table go into.
        maker: Makes a film's results in a folder.
        overwrite: Make finished ones again.
        table: Name of the table, see :func:`tabled`.

    Returns:
        The rows of these films.
    """

    def rows() -> Iterator[FilmRow]:
        for number, film in enumerate(films, start=1):
            print(f'{number} of {len(films)}: {without_credentials(film)}')
            yield film_row(film, out_dir / folders[film], maker, overwrite)

    return tabled(rows(), out_dir / table)


def film_row(film: str, folder: Path, maker: FilmMaker, overwrite: bool = False) -> FilmRow:
    """Make a film unless it is finished, and say what came out; it fails in words.

    Args:
        film: Name of the film.
        folder: Where to.
        maker: Makes it.
        overwrite: Make it again if it is finished.
    """
    began, state, problems = time.monotonic(), 'done', list[str]()
    try:
        recording = None if overwrite else maker.finished(film, folder)
        if recording is not None:
            state = 'done before'
            print(f'{folder}: done before, and left as it is; --overwrite makes it again')
        else:
            recording = maker.make(film, folder)
        problems = recording.problems
        frames = len(recording)
        persons = len({p.id for poses in recording for p in poses.persons})
    # What a film can be wrong with; an error of the program itself ends the whole list.
    except (OSError, ValueError) as error:
        state, frames, persons, problems = 'failed', 0, 0, [cut(error, 300)]
    seconds = round(time.monotonic() - began, 1)
    said = without_credentials('; '.join(problems))
    shown = without_credentials(film)
    return FilmRow(shown, folder.name, state, frames, persons, seconds, said)


def may_be_same_film(one: str, other: str) -> bool:
    """Whether two names can be one film's, called from different folders.

    Example:
        >>> may_be_same_film('films/a.mp4', '/data/films/a.mp4')
        True
        >>> may_be_same_film('a/walk.mp4', 'b/walk.mp4')
        False
    """
    parts = Path(one).parts, Path(other).parts
    count = min(map(len, parts))
    return parts[0][-count:] == parts[1][-count:] or Path(one).resolve() == Path(other).resolve()


def _listed_films(given: str) -> list[str] | None:
    path = Path(given)
    if path.is_dir():
        files = [str(file) for file in path.iterdir()]
    elif glob.has_magic(given) and not path.exists():
        files = glob.glob(given, recursive=True)
    else:
        return None
    films = [
        file
        for file in files
        if Path(file).suffix.lower() in FILM_SUFFIXES and not Path(file).name.startswith('.')
    ]
    return None if not films or natural_images(files) else sorted(films)
