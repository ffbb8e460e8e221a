"""A folder that a long work fills step by step: what is finished stays, a second run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError, listed, naming
from jmpose_mm.whole_files import file_digest, write_json

__all__ = ['WorkFolder', 'file_facts']

RECORD = 'few_labels.json'


class WorkFolder:
    """The folder of one work, which its record says.

    Args:
        path: A new or empty folder, or one of an earlier run of the same work.
        made_from: All that decides the result, in plain types.

    Raises:
        UsageError: The folder holds other things, or another work.
    """

    def __init__(self, path: str | Path, made_from: dict[str, Any]) -> None:
        self.path = Path(path)
        self.made_from = json.loads(json.dumps(made_from))
        self.steps = self._earlier_steps()

    def _earlier_steps(self) -> dict[str, list[str]]:
        record = self.path / RECORD
        if not record.is_file():
            others = [f.name for f in self.path.iterdir()] if self.path.is_dir() else []
            others = [name for name in others if not name.startswith('.')]
            if others or (self.path.exists() and not self.path.is_dir()):
                raise UsageError(
                    f'{self.path}: expected a new folder, found {listed(others) or "a file"}'
                )
            return {}
        with naming(record, 'the record of an earlier run'):
            content = json.loads(record.read_text(encoding='utf-8'))
            earlier, steps = content['made_from'], content['steps']
        names = sorted(
            name
            for name in {*earlier, *self.made_from}
            if earlier.get(name) != self.made_from.get(name)
        )
        if names:
            raise UsageError(
                f'{self.path}: expected the same {", ".join(names)} as in the run that began it, '
                f'got another; {RECORD} says which; choose another folder'
            )
        return {str(name): [str(file) for file in files] for name, files in steps.items()}

    def begin(self) -> None:
        """Write the record, so that the folder is known."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / RECORD, {'made_from': self.made_from, 'steps': self.steps})

    def is_finished(self, name: str) -> bool:
        """Whether a step is done and all that it made is there."""
        files = self.steps.get(name)
        return files is not None and all((self.path / file).exists() for file in files)

    def make(self, name: str, work: Callable[[], Iterable[Path]]) -> bool:
        """Do a step, unless it is finished; it gives the files that it made.

        Returns:
            Whether it was done now.
        """
        if self.is_finished(name):
            return False
        files = [Path(file).relative_to(self.path).as_posix() for file in work()]
        self.steps[name] = files
        self.begin()
        return True


def file_facts(file: str | Path) -> dict[str, Any]:
    """What tells a file from another, by its content; of many gigabytes that takes seconds."""
    return {'file': str(Path(file).resolve()), 'sha256': file_digest(file)}
