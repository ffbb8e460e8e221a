"""Left and right in the names of joints: ``left_ear``, ``EarL``, ``r-paw``.

A name says its side by one of its words: left, right, l or r, in any case, parted by capitals,
digits or other characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = [
    *('check_mirror', 'mirror_pairs', 'mirrored_name', 'name_without_side', 'side_of_name'),
    'unpaired_sides',
]

_MIRROR = {'left': 'right', 'right': 'left', 'l': 'r', 'r': 'l'}
_WORDS = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d]+')
_GLUED = re.compile(r'^(?P<start>left|right)(?=[a-z])|(?<=[a-z])(?P<end>left|right)$')


def side_of_name(name: str) -> str:
    """``'left'``, ``'right'``, or ``''`` where the name says none, or both.

    Example:
        >>> [side_of_name(name) for name in ('left_ear', 'EarR', 'tail')]
        ['left', 'right', '']
    """
    sides = {word for _, word in _sides(name)}
    return {'l': 'left', 'r': 'right'}.get(next(iter(sides))[0], '') if len(sides) == 1 else ''


def name_without_side(name: str) -> str:
    """The letters and digits of a name but for its side, in small letters.

    Example:
        >>> [name_without_side(name) for name in ('left_knee', 'KneeR', 'front_paw_l', 'tail')]
        ['knee', 'knee', 'frontpaw', 'tail']
    """
    for place, word in reversed(_sides(name)):
        name = name[:place] + name[place + len(word) :]
    return ''.join(filter(str.isalnum, name)).lower()


def mirrored_name(name: str) -> str | None:
    """The name of the joint on the other side; None where the name says no side.

    Example:
        >>> mirrored_name('left_ear'), mirrored_name('EarR'), mirrored_name('tail')
        ('right_ear', 'EarL', None)
    """
    found = _sides(name)
    if len(found) != 1:
        return None
    place, word = found[0]
    other = _MIRROR[word]
    given = name[place : place + len(word)]
    if given.isupper():
        other = other.upper()
    elif given[0].isupper():
        other = other.capitalize()
    return name[:place] + other + name[place + len(word) :]


def mirror_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Indices of the joints that change places in a mirrored picture, by their names.

    Example:
        >>> mirror_pairs(['left_ear', 'tail', 'right_ear'])
        [(0, 2)]
    """
    places = {name: index for index, name in enumerate(names)}
    pairs = []
    for index, name in enumerate(names):
        other = places.get(mirrored_name(name) or '')
        if other is not None and other > index:
            pairs.append((index, other))
    return pairs


def check_mirror(names: Sequence[str], flip_indices: Sequence[int]) -> None:
    """Check which joints change places in a mirrored picture.

    Args:
        names: (K,) of the joints.
        flip_indices: (K,) index of each joint's partner, its own where it has none.

    Raises:
        ValueError: A partner's partner is another joint, or names with sides contradict.

    Example:
        >>> check_mirror(['left_ear', 'right_ear', 'tail'], [1, 0, 2])
    """
    for index, partner in enumerate(flip_indices):
        name, other = names[index], names[partner]
        if flip_indices[partner] != index:
            raise ValueError(
                f'flip pairs: expected {other} to change places with {name}, as {name} does with '
                f'it, got {names[flip_indices[partner]]}'
            )
        wanted = mirrored_name(name)
        same_side = (
            partner != index and side_of_name(name) and side_of_name(name) == side_of_name(other)
        )
        crossed = partner != index and wanted in names and wanted != other
        if same_side or crossed:
            expected = f' with {wanted}' if wanted in names else ' with a joint of the other side'
            raise ValueError(f'flip pairs: expected {name} to change places{expected}, got {other}')


def unpaired_sides(names: Sequence[str], flip_indices: Sequence[int]) -> list[str]:
    """Joints whose mirror image has a name of its own, with which they do not change places.

    Example:
        >>> unpaired_sides(['left_ear', 'right_ear', 'tail'], [0, 1, 2])
        ['left_ear', 'right_ear']
    """
    return [
        name
        for index, name in enumerate(names)
        if flip_indices[index] == index and mirrored_name(name) in names
    ]


def _sides(name: str) -> list[tuple[int, str]]:
    """Place and lower-case text of each word that says a side."""
    found = [
        (match.start(), match.group().lower())
        for match in _WORDS.finditer(name)
        if match.group().lower() in _MIRROR
    ]
    if not found:
        found = [(match.start(), match.group()) for match in _GLUED.finditer(name)]
    return found
