"""The categories of label files: their joints, links and sigmas, and which are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.joints import WHOLEBODY_PARTS, wholebody_joints
from jmpose_mm.formats.json_files import place_in, read_id
from jmpose_mm.formats.labels import Labels
from jmpose_mm.formats.labels.instances import UNNAMED

__all__ = ['Known', 'LabelledCategory', 'known_data_set', 'read_categories', 'taken_categories']

# Data sets whose files do not always name their joints, by the number of these.
NAMELESS = {17: 'coco', 26: 'halpe26', 133: 'coco_wholebody', 136: 'halpe'}


class LabelledCategory(NamedTuple):
    """A category of one file.

    Attributes:
        file: Index of the file.
        key: Id in the file; None stands for persons of every category.
        name: Word for it.
        joints: Names, in the file's order.
        parts: Fields besides ``keypoints`` that hold the last of them.
        links: Names of joints with a line between.
        sigmas: Sigmas of the joints, where the file gives them.
        persons: Number of annotations with keypoints.
        binary: True where visibility is 0 or 1 in all of them.
    """

    file: int
    key: int | str | None
    name: str
    joints: tuple[str, ...]
    parts: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    sigmas: tuple[float, ...]
    persons: int
    binary: bool


class Known(NamedTuple):
    """A data set that mmpose knows: joints and their sigmas, links by name."""

    joints: tuple[str, ...]
    sigmas: tuple[float, ...]
    links: tuple[tuple[str, str], ...]


@lru_cache(maxsize=8)
def known_data_set(name: str) -> Known | None:
    """The joints of a data set that mmpose has a file of; None for another name."""
    import mmpose
    from mmengine.config import Config

    folder = Path(mmpose.__file__).parent / '.mim' / 'configs' / '_base_' / 'datasets'
    if not name.replace('_', '').isalnum() or not (folder / f'{name}.py').is_file():
        return None
    info = Config.fromfile(folder / f'{name}.py').dataset_info
    return Known(
        tuple(entry['name'] for entry in info['keypoint_info'].values()),
        tuple(info['sigmas']),
        tuple(tuple(entry['link']) for entry in info['skeleton_info'].values()),
    )


def read_categories(labels: Sequence[Labels]) -> list[LabelledCategory]:
    """All categories of all files that have persons with keypoints.

    Raises:
        UsageError: No file has any.
    """
    found: list[LabelledCategory] = []
    for number, one in enumerate(labels):
        with place_in(one.file) as place:
            persons: dict[int | str, list[dict[str, Any]]] = {}
            for row, entry in enumerate(one.content.get('annotations') or ()):
                place.at = f'annotations[{row}]'
                if isinstance(entry, dict) and entry.get('keypoints'):
                    key = read_id(entry.get('category_id', 1), 'category_id')
                    persons.setdefault(key, []).append(entry)
            place.at = 'categories'
            described = {
                read_id(entry.get('id', 1), 'id'): entry
                for entry in one.content.get('categories') or ()
                if isinstance(entry, dict)
            }
            for key, entries in persons.items():
                found.append(_category(number, key, described.get(key, {}), entries))
    if not found:
        files = listed((one.file for one in labels), 3)
        raise UsageError(f'{files}: expected annotations with keypoints, found none')
    return found


def _category(
    file: int, key: int | str, entry: dict[str, Any], persons: list[dict[str, Any]]
) -> LabelledCategory:
    given = tuple(str(name).strip() for name in entry.get('keypoints') or ())
    repeated = [name for name, count in Counter(given).items() if count > 1]
    if repeated:
        raise ValueError(f'keypoints: expected each joint once, got {listed(repeated)} repeated')
    parts: tuple[str, ...] = ()
    links = _links(entry.get('skeleton') or (), given)
    if not given:
        count = _count(persons)
        known = known_data_set(NAMELESS.get(count, ''))
        given = known.joints if known else tuple(f'joint_{k + 1}' for k in range(count))
        links = known.links if known else ()
    else:
        parts = tuple(
            part
            for part, joints in WHOLEBODY_PARTS.items()
            if part in persons[0] and not set(joints) <= set(given)
        )
        given = tuple(wholebody_joints(given, parts))
    sigmas = tuple(float(value) for value in entry.get('sigmas') or ())
    if not all(0 < sigma < np.inf for sigma in sigmas):
        raise ValueError(f'sigmas: expected numbers above 0, got {listed(map(str, sigmas))}')
    name = str(entry.get('name') or UNNAMED).strip()
    binary = {_most_visible(person['keypoints'], len(given)) for person in persons} <= {0, 1}
    return LabelledCategory(file, key, name, given, parts, links, sigmas, len(persons), binary)


def _most_visible(keypoints: Any, joints: int) -> float:
    """The highest visibility of a person; 2 where it cannot be read here."""
    try:
        values = np.asarray(keypoints, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        return 2
    known = values[2::3][np.isfinite(values[2::3])]
    return float(known.max(initial=0)) if len(values) == 3 * joints else 2


def _count(persons: list[dict[str, Any]]) -> int:
    """The number of joints, of which each has three numbers, or two without a visibility."""
    values = persons[0]['keypoints']
    if isinstance(values, list) and isinstance(values[0], list):
        return len(values)
    third = [number for person in persons for number in person['keypoints'][2::3]]
    # A visibility is at most 2, and coordinates of all persons are not.
    has_visibility = len(values) % 3 == 0 and all(number is None or number <= 2 for number in third)
    return len(values) // 3 if has_visibility or len(values) % 2 else len(values) // 2


def _links(skeleton: Any, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Links by name; COCO counts joints from 1, and files that have a 0 do not."""
    pairs = [pair for pair in skeleton if isinstance(pair, list | tuple) and len(pair) == 2]
    # A 0 cannot be meant where joints are counted from 1.
    first = 0 if any(0 in pair for pair in pairs) else 1
    links = []
    for pair in pairs:
        if all(isinstance(end, str) for end in pair):
            ends = [end for end in pair if end in names]
        else:
            places = [int(end) - first for end in pair]
            ends = [names[place] for place in places if 0 <= place < len(names)]
        if len(ends) == 2 and ends[0] != ends[1]:
            links.append((ends[0], ends[1]))
    return tuple(links)


def taken_categories(
    categories: Sequence[LabelledCategory], wanted: str | None
) -> tuple[list[LabelledCategory], list[str]]:
    """The categories to train on, and what is to be said about the others.

    Those of the wanted name, which may be given to what labels leave without one. Without a wanted
    name, those that have the joints of each file's most frequent one, in any order.

    Raises:
        UsageError: None has the wanted name, or half of the persons or more would be left aside.
    """
    if wanted is not None:
        names = {name.strip() for name in wanted.split(',')}
        taken = [c for c in categories if c.name in names or str(c.key) in names]
        if not taken and {c.name for c in categories} == {UNNAMED}:
            return [c._replace(name=wanted) for c in categories], []
        unknown = names - {c.name for c in taken} - {str(c.key) for c in taken}
        if unknown:
            kinds = listed(dict.fromkeys(c.name for c in categories))
            raise UsageError(f'category: expected some of {kinds}, got {listed(sorted(unknown))!r}')
        return taken, _aside(categories, taken)
    taken = []
    for file in dict.fromkeys(c.file for c in categories):
        own = [c for c in categories if c.file == file]
        main = max(own, key=lambda c: c.persons)
        taken += [c for c in own if set(c.joints) == set(main.joints)]
    left = sum(c.persons for c in categories) - sum(c.persons for c in taken)
    # With half of the persons or more of other joints, the choice is the user's.
    if 2 * left >= sum(c.persons for c in categories):
        counts = ', '.join(
            f'{c.name} ({c.persons} with {len(c.joints)} joints)' for c in categories
        )
        raise UsageError(
            f'category: expected the name of one, since several have joints of their own: {counts}'
        )
    return taken, _aside(categories, taken)


def _aside(categories: Sequence[LabelledCategory], taken: Sequence[LabelledCategory]) -> list[str]:
    aside: Counter[str] = Counter()
    for category in categories:
        if category not in taken:
            aside[f'{category.name} ({len(category.joints)} joints)'] += category.persons
    return [f'left aside: {count} of category {name}' for name, count in aside.items()]
