"""Files that are whole or not there: written under another name first, then renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

__all__ = ['link_folder', 'merge_documents', 'whole_file', 'whole_folder', 'write_json']


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file to write into, which takes its name when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.name}.unfinished')
    try:
        with unfinished.open('w', encoding='utf-8') as file:
            yield file
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write compact JSON, whole or not at all."""
    with whole_file(path) as file:
        file.write(json.dumps(content, separators=(',', ':')) + '\n')


def whole_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder that appears when ``fill`` has filled it; one that is there stays as it is."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f'.{path.name}.', dir=path.parent))
    try:
        fill(unfinished)
        unfinished.chmod(0o755)
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def link_folder(source: Path, link: Path) -> None:
    """Let ``link`` be the folder ``source`` under another name; nothing is copied.

    Raises:
        ValueError: Something else is there.
    """
    if link.exists() and link.samefile(source):
        return
    if link.exists() or link.is_symlink():
        raise ValueError(f'{link}: expected nothing or a link to {source}, found something else')
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(source.resolve(), target_is_directory=True)


def merge_documents(documents: Iterable[dict[str, Any]], target: Path) -> None:
    """Write one document of COCO's layout that holds all others, one of which is in memory.

    Args:
        documents: Each with ``images``, ``annotations`` and ``categories``, equal in all.
        target: The merged file.
    """
    with tempfile.TemporaryFile('w+', encoding='utf-8') as persons, whole_file(target) as file:
        categories: Any = []
        file.write('{"images":[')
        first_image = first_person = True
        for document in documents:
            first_image = _append(file, document['images'], first_image)
            first_person = _append(persons, document['annotations'], first_person)
            categories = document['categories']
        file.write('],"annotations":[')
        persons.seek(0)
        shutil.copyfileobj(persons, file)
        file.write(f'],"categories":{json.dumps(categories)}}}\n')


def _append(file: TextIO, entries: list[Any], first: bool) -> bool:
    for entry in entries:
        file.write(('' if first else ',\n') + json.dumps(entry, separators=(',', ':')))
        first = False
    return first
