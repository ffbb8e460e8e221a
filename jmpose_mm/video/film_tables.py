"""The table of several films: a row for each, written as they are made."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError
from jmpose_mm.whole_files import whole_file

__all__ = ['FilmRow', 'check_table', 'tabled']


class FilmRow(NamedTuple):
    """A line of the table: a film, where its results are, and what came out."""

    film: str
    folder: str
    state: str
    frames: int
    persons: int
    seconds: float
    problems: str


def check_table(path: Path) -> None:
    """Raise `UsageError` where a file is that is no earlier table."""
    try:
        with path.open(encoding='utf-8', errors='replace') as file:
            if file.readline().strip() == ','.join(FilmRow._fields):
                return
    except FileNotFoundError:
        return
    raise UsageError(
        f'out_dir: {path} is there already and no table of an earlier run; choose another folder'
    )


def tabled(rows: Iterable[FilmRow], path: Path) -> list[FilmRow]:
    """The rows, each written into the table as it comes.

    Rows of an earlier run stay in the table until their film has a new one. Those of results whose
    folder is gone do not.
    """
    table = _earlier(path)
    found: list[FilmRow] = []
    _write_table(path, table.values())
    for row in rows:
        found.append(row)
        table[row.folder] = row
        _write_table(path, table.values())
    return found


def _earlier(path: Path) -> dict[str, tuple[Any, ...]]:
    """Rows by folder of an earlier table, of films whose results are there or failed."""
    if not path.exists():
        return {}
    with path.open(encoding='utf-8', errors='surrogateescape', newline='') as file:
        rows = [tuple(cells) for cells in csv.reader(file)][1:]
    places = {cells[1]: cells for cells in rows if len(cells) >= len(FilmRow._fields)}
    return {
        folder: cells
        for folder, cells in places.items()
        if cells[2] == 'failed' or (path.parent / folder).is_dir()
    }


def _write_table(path: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    # What somebody's editor saved in another encoding stays as it is.
    with whole_file(path) as unfinished:
        with unfinished.open('w', encoding='utf-8', errors='surrogateescape', newline='') as file:
            table = csv.writer(file, lineterminator='\n')
            table.writerow(FilmRow._fields)
            table.writerows(rows)
