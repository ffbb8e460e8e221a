"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ['whole_file', 'write_json']


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which takes its name at the end of the block.

    If the block raises, what was written is removed and a file that was at ``path`` stays. Missing
    folders are made. The suffix is kept, for writers that choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.stem}.unfinished{path.suffix}')
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as indented JSON; a number that is not finite is a ``ValueError``."""
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=2, allow_nan=False) + '\n')
