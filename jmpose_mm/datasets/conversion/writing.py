"""Folders and large files that are whole or not there; see also `jmpose_mm.whole_files`."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO

from jmpose_mm.whole_files import flush_to_disk, whole_file

__all__ = ['merge_documents', 'whole_folder']


def whole_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder that appears when ``fill`` has filled it; one that is there stays as it is.

    What a killed run left of it is removed before.
    """
    if path.exists():
        return
    unfinished = path.with_name(f'.{path.name}.unfinished')
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        fill(unfinished)
        flush_to_disk(unfinished)
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def merge_documents(documents: Iterable[dict[str, Any]], target: Path) -> None:
    """Write one document of COCO's layout that holds all others, one of which is in memory.

    Args:
        documents: Each with ``images``, ``annotations`` and ``categories``, equal in all.
        target: The merged file.
    """
    with (
        tempfile.TemporaryFile('w+', encoding='utf-8') as persons,
        whole_file(target) as unfinished,
        unfinished.open('w', encoding='utf-8') as file,
    ):
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
