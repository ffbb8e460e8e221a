"""Write the layout of COCO and PoseTrack18, which :mod:`coco` reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from jmpose_mm.formats.json_files import compact_json
from jmpose_mm.whole_files import whole_file

__all__ = ['person_category', 'write_coco']

_IN_MEMORY = 1 << 26  # bytes of annotations that wait for the last image


def write_coco(
    path: str | Path,
    documents: Iterable[dict[str, Any]],
    categories: list[dict[str, Any]] | None = None,
    facts: dict[str, Any] | None = None,
    finite: bool = True,
) -> None:
    """Write one file that holds all documents, of which one is in memory; whole or not at all.

    Args:
        path: The file.
        documents: Each with ``images`` and ``annotations``, lists of plain values.
        categories: Categories of all documents; None takes their own, which are equal.
        facts: Further entries, before the others: ``info``, ``provenance``.
        finite: Refuse numbers that are not finite, which some downloads hold.

    Raises:
        ValueError: A number is not finite.
    """
    with (
        # In the file annotations follow the last image, so they wait aside.
        SpooledTemporaryFile(_IN_MEMORY, 'w+', encoding='utf-8') as persons,
        whole_file(path) as unfinished,
        unfinished.open('w', encoding='utf-8') as file,
    ):
        head = compact_json(facts or {}, finite)[1:-1]
        file.write(f'{{{head}{"," * bool(head)}"images":[')
        images_begun = persons_begun = False
        for document in documents:
            images_begun = _append(file, document['images'], images_begun, finite)
            persons_begun = _append(persons, document['annotations'], persons_begun, finite)
            categories = document.get('categories', categories)
        file.write('],"annotations":[')
        persons.seek(0)
        shutil.copyfileobj(persons, file)
        file.write(f'],"categories":{compact_json(categories, finite)}}}\n')


def _append(file: IO[str], entries: list[Any], begun: bool, finite: bool) -> bool:
    if entries:
        # Without the brackets, which are around the entries of all documents.
        file.write(',' * begun + compact_json(entries, finite)[1:-1])
    return begun or bool(entries)


def person_category(
    joint_names: Sequence[str],
    skeleton: Sequence[Sequence[int]] = (),
    name: str = 'person',
    supercategory: str | None = None,
) -> dict[str, Any]:
    """The one entry of ``categories``.

    Args:
        joint_names: Names of the joints.
        skeleton: Links: pairs of places in the names, counted from 1.
        name: Kind of the creatures that have the joints.
        supercategory: None for the name.

    Returns:
        ``supercategory``, ``id`` (1), ``name``, ``keypoints``, ``skeleton``.
    """
    return {
        'supercategory': name if supercategory is None else supercategory,
        'id': 1,
        'name': name,
        'keypoints': list(joint_names),
        'skeleton': [list(link) for link in skeleton],
    }
