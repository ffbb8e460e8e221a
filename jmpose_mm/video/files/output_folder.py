"""The folder of a film's results: whose files are in it, and whether they may be replaced."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.recordings import unfinished_path
from jmpose_mm.visualization.film import is_drawn_film
from jmpose_mm.whole_files import alone_in

__all__ = ['POSES', 'OutputFolder', 'is_finished']

POSES = 'poses.json'


class OutputFolder:
    """The folder of a film's results.

    Args:
        path: The folder; made when it is first written to.
        names: Names of the files that will be written, ``poses.json`` among them.
        inputs: Files that are read, which no output may replace.
    """

    def __init__(
        self, path: str | Path, names: Sequence[str], inputs: Iterable[str | Path]
    ) -> None:
        self.path, self.names = Path(path), tuple(names)
        self.inputs = tuple(str(name) for name in inputs)

    def file(self, name: str) -> Path:
        """The path of an output."""
        return self.path / name

    @contextmanager
    def held(self, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
        """Have the folder alone for the block, after a look at what is in it.

        Args:
            resume: Go on after an interrupted run.
            overwrite: Replace the results of an earlier one.

        Raises:
            UsageError: An output would replace an input, or results that nobody gave up; or another
                run writes here.
            OSError: The folder cannot be made or written to.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f'out_dir: expected a folder, {self.path} is a file')
        self._check_inputs()
        made = [part for part in (self.path, *self.path.parents) if not part.exists()]
        try:
            with alone_in(self.path):
                self._check_results(resume, overwrite)
                yield
        finally:
            for part in made:
                with suppress(OSError):  # not empty, as it should be
                    part.rmdir()

    def clean(self, names: Iterable[str]) -> None:
        """Remove what a run that was killed has left of these files; call it while held."""
        for name in names:
            with suppress(OSError):
                unfinished_path(self.file(name)).unlink()

    def _check_inputs(self) -> None:
        for name in self.names:
            for output in (self.file(name), unfinished_path(self.file(name))):
                for given in self.inputs:
                    if _is_same(output, given):
                        raise UsageError(
                            f'out_dir: {output} would replace {given}, which is read; choose '
                            'another folder'
                        )

    def _check_results(self, resume: bool, overwrite: bool) -> None:
        poses = self.file(POSES)
        left = [path for path in (poses,) if path.exists()]
        left += [path for path in (unfinished_path(poses),) if _has_frames(path)]
        others = [name for name in self.names if name != POSES and self.file(name).exists()]
        if resume and left:
            others = [n for n in others if n.endswith('.mp4') and not is_drawn_film(self.file(n))]
            left = []
        if overwrite:
            return
        if left:
            state = 'a finished run' if is_finished(poses) else 'an interrupted run'
            raise UsageError(
                f'out_dir: {self.path} holds the poses of {state}; `resume` goes on after it, '
                '`overwrite` replaces it, or choose another folder'
            )
        if others:
            raise UsageError(
                f'out_dir: {self.file(others[0])} is there already and not of an earlier run; '
                '`overwrite` replaces it, or choose another folder'
            )


def _is_same(output: Path, given: str) -> bool:
    try:
        return os.path.samefile(output, given)
    except OSError:
        return False


def _has_frames(poses: Path) -> bool:
    """Whether a run that was killed has left more than a beginning."""
    try:
        with poses.open('rb') as file:
            file.readline()
            return file.readline().startswith(b'{"index"')
    except OSError:
        return False


def is_finished(poses: Path) -> bool:
    """Whether a file of poses ends as that of a finished run; only its end is read."""
    try:
        with poses.open('rb') as file:
            file.seek(max(0, poses.stat().st_size - (1 << 20)))
            last = file.read().rstrip().rpartition(b'\n')[2]
        return bool(json.loads(b'{"frames": [' + last)['complete'])
    except (OSError, ValueError, KeyError, TypeError):
        return False
