"""Large files that are whole or not there; see also `jmpose_mm.whole_files`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from jmpose_mm.whole_files import whole_file

__all__ = ['merge_documents']


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
