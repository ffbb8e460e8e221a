"""DeepLabCut's labels: ``labeled-data/VIDEO/CollectedData_SCORER.csv``, or the same as ``.h5``.

The header has the rows scorer, individuals (of several animals), bodyparts and coords; each line
begins with the image's path, in one column or in three. Links between joints are those of the
project's ``config.yaml``.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError, cut, naming
from jmpose_mm.formats.frame_names import posix_name
from jmpose_mm.formats.json_files import read_text
from jmpose_mm.formats.labels.instances import Instance, document_of_instances

__all__ = ['read_deeplabcut']

UNIQUE = 'single'  # DeepLabCut's individual for what is no animal, as a cage's corners
HEADERS = ('scorer', 'individuals', 'bodyparts', 'coords')

Column = tuple[str, str, str]  # individual, bodypart, x or y


def read_deeplabcut(file: Path) -> tuple[dict[str, Any], Counter[str]]:
    """A table as a document, and what was left out.

    Raises:
        UsageError: It is no table of labels; or h5py is not installed, for ``.h5``.
    """
    with naming(file, "a table of DeepLabCut's labels"):
        read = _csv_table if file.suffix.lower() == '.csv' else _h5_table
        names, columns, rows = read(file)
        columns, rows, left_out = _of_animals(columns, rows)
        joints = list(dict.fromkeys(part for _, part, _ in columns))
        images, instances = [], []
        for number, (name, row) in enumerate(zip(names, rows, strict=True), 1):
            images.append({'id': number, 'file_name': posix_name(name)})
            instances += _instances(number, columns, row)
    links = _links(file, joints)
    return document_of_instances(images, instances, joints, links), left_out


def _of_animals(
    columns: list[Column], rows: list[list[float]]
) -> tuple[list[Column], list[list[float]], Counter[str]]:
    """The columns of animals, without what a project of several has once in a picture."""
    kept = [k for k, (individual, *_) in enumerate(columns) if individual != UNIQUE]
    if len(kept) in (0, len(columns)):
        return columns, rows, Counter()
    things = {part for individual, part, _ in columns if individual == UNIQUE}
    left_out = Counter({'body parts of no animal (single), in all frames': len(things)})
    return [columns[k] for k in kept], [[row[k] for k in kept] for row in rows], left_out


def _instances(image: int, columns: list[Column], row: list[float]) -> list[Instance]:
    """The individuals of a frame that have a joint."""
    places: dict[str, dict[str, dict[str, float]]] = {}
    for (individual, part, axis), value in zip(columns, row, strict=True):
        places.setdefault(individual, {}).setdefault(part, {})[axis] = value
    found = []
    for individual, parts in places.items():
        joints = {
            part: (at['x'], at['y'], 2)
            for part, at in parts.items()
            if math.isfinite(at.get('x', math.nan)) and math.isfinite(at.get('y', math.nan))
        }
        if joints:
            # A project of single animals has one individual without a name.
            found.append(Instance(image, joints, track=individual or None))
    return found


def _csv_table(file: Path) -> tuple[list[str], list[Column], list[list[float]]]:
    text = read_text(file)
    # Spreadsheets of many countries separate columns by semicolons, and write 10,5 for 10.5.
    separator, point = (';', ',') if ';' in text.partition('\n')[0] else (',', '.')
    lines = [line for line in csv.reader(StringIO(text, ''), delimiter=separator) if any(line)]
    header = {}
    while lines and lines[0][0] in HEADERS:
        line = lines.pop(0)
        header[line[0]] = line
    if not {'bodyparts', 'coords'} <= header.keys():
        raise UsageError(f'{file}: expected the rows bodyparts and coords, got {sorted(header)}')
    if not {'x', 'y'} <= set(header['coords']):
        raise UsageError(f'{file}: expected x and y in the row coords, got neither or one')
    # The path stands in one column, or in three, whose other headings are empty.
    first = next(k for k, axis in enumerate(header['coords']) if axis in ('x', 'y'))
    individuals = header.get('individuals', [''] * len(header['coords']))
    columns = list(
        zip(individuals[first:], header['bodyparts'][first:], header['coords'][first:], strict=True)
    )
    names = ['/'.join(part for part in line[:first] if part) for line in lines]
    rows = [[_number(value.replace(point, '.'), file) for value in line[first:]] for line in lines]
    return names, columns, rows


def _number(text: str, file: Path) -> float:
    try:
        return float(text) if text.strip() else math.nan
    except ValueError as error:
        raise UsageError(f'{file}: expected a number, got {cut(repr(text))}') from error


def _h5_table(file: Path) -> tuple[list[str], list[Column], list[list[float]]]:
    """Of what pandas writes in its fixed form; objects that would have to be unpickled are not."""
    try:
        import h5py
    except ImportError as error:
        raise UsageError(
            f'{file}: needs h5py: pip install h5py; or export the labels as .csv, which '
            'DeepLabCut keeps beside it'
        ) from error
    with h5py.File(file, 'r') as content:
        tables = [group for group in content.values() if 'block0_values' in group]
        if not tables:
            raise UsageError(f'{file}: expected a table of pandas in fixed form, found none')
        group = tables[0]
        headings = _levels(group, 'block0_items')
        kinds = {name: level for name, level in headings if name in HEADERS}
        if not {'bodyparts', 'coords'} <= kinds.keys():
            raise UsageError(f'{file}: expected bodyparts and coords, got {sorted(kinds)}')
        individuals = kinds.get('individuals', [''] * len(kinds['coords']))
        columns = list(zip(individuals, kinds['bodyparts'], kinds['coords'], strict=True))
        index = [level for _, level in _levels(group, 'axis1')]
        names = ['/'.join(parts) for parts in zip(*index, strict=True)]
        return names, columns, group['block0_values'][()].tolist()


def _levels(group: Any, axis: str) -> list[tuple[str, list[str]]]:
    """Name and texts of each level of an index."""
    if f'{axis}_level0' not in group:
        return [('', [_text(value) for value in group[axis][()]])]
    levels = []
    for number in range(int(group[f'{axis}_nlevels'][()] if f'{axis}_nlevels' in group else 9)):
        if f'{axis}_level{number}' not in group:
            break
        level = group[f'{axis}_level{number}']
        texts = [_text(value) for value in level[()]]
        codes = group[f'{axis}_label{number}'][()]
        name = _text(level.attrs.get('name', b''))
        levels.append((name, [texts[code] for code in codes]))
    return levels


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        # pandas pickles what is no text; such names are of no index here
        return value.decode('utf-8', 'replace').rstrip('\0')
    return str(value)


def _links(file: Path, joints: list[str]) -> list[list[int]]:
    """Links of the project's config, 1-based as COCO's."""
    config = next((p / 'config.yaml' for p in file.parents if (p / 'config.yaml').is_file()), None)
    if config is None:
        return []
    import yaml

    with naming(config, "DeepLabCut's config"):
        content = yaml.safe_load(config.read_text(encoding='utf-8')) or {}
    pairs = content.get('skeleton') if isinstance(content, dict) else None
    return [
        [joints.index(first) + 1, joints.index(second) + 1]
        for first, second in pairs or ()
        if first in joints and second in joints
    ]
