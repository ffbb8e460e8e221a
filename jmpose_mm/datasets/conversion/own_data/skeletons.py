"""Joints of own labels, with their links, mirrored pairs and sigmas.

Axes: K joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jmpose_mm.datasets.conversion.own_data.categories import LabelledCategory, known_data_set
from jmpose_mm.errors import UsageError, cut, listed
from jmpose_mm.formats.joints import WHOLEBODY_PARTS
from jmpose_mm.functional.joint_sides import check_mirror, mirror_pairs, side_of_name

__all__ = ['LabelledSkeleton', 'metainfo_text', 'skeleton_of_labels']

USUAL_SIGMA = 0.05
COLORS = {'left': [0, 128, 255], 'right': [255, 128, 0], '': [51, 153, 255]}


class LabelledSkeleton(NamedTuple):
    """The joints of a data set.

    Attributes:
        category: Name of what has them.
        joints: (K,) names.
        sources: (K,) the names that each joint may have in the label files.
        links: Names of the joints that a line is drawn between.
        pairs: Names of the joints that change places in a mirrored picture.
        sigmas: (K,) of the object keypoint similarity.
        said: Lines to read about what was understood.
    """

    category: str
    joints: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]
    links: tuple[tuple[str, str], ...]
    pairs: tuple[tuple[str, str], ...]
    sigmas: tuple[float, ...]
    said: tuple[str, ...]

    def places(self, names: Sequence[str]) -> list[int]:
        """Index of each joint among the names of a file; -1 where the file lacks it."""
        found = []
        for sources in self.sources:
            present = [names.index(name) for name in sources if name in names]
            found.append(present[0] if present else -1)
        return found


def skeleton_of_labels(
    categories: Sequence[LabelledCategory],
    joints: str | None = None,
    flip_pairs: str | None = None,
    links: str | None = None,
) -> LabelledSkeleton:
    """The skeleton of the categories that are taken.

    Args:
        categories: Categories of all files that are taken.
        joints: Joints to take, with commas between: names, ``name=other|another`` for a joint with
            other names in some files, names of mmpose's data sets (``coco``, ``halpe26``), and
            fields of COCO-WholeBody (``foot_kpts``). None takes all.
        flip_pairs: Pairs ``left=right`` with commas between, ``none``, or None for those that
            names tell.
        links: Pairs ``joint=joint`` with a line between, with commas between; None for those of
            the label files.

    Raises:
        UsageError: A joint or a pair is not there, or pairs contradict.
    """
    every = list(dict.fromkeys(name for category in categories for name in category.joints))
    wanted = {name: (name,) for name in every} if joints is None else _wanted(joints, every)
    names = tuple(wanted)
    lines = _links(categories, wanted) if links is None else _given_pairs('links', links, names)
    pairs, how = _pairs(names, flip_pairs)
    sigmas, whence = _sigmas(categories, names)
    category = categories[0].name
    said = [
        f'category: {category}, {len(names)} joints: {listed(names, 40)}',
        f'links: {len(lines) or "none, joints are drawn as points"}',
        f'flip pairs ({how}): '
        + (', '.join(f'{a}={b}' for a, b in pairs) or 'none, every joint is its own mirror image'),
        f'sigmas: {whence}',
    ]
    sided = [n for n in names if side_of_name(n) and not any(n in pair for pair in pairs)]
    absent = [n for n, sources in wanted.items() if not set(sources) & set(every)]
    if absent:
        said.append(f'joints that no label file has, and that are never labelled: {listed(absent)}')
    if sided and flip_pairs != 'none':
        said.append(f'of one side only, without a partner: {listed(sided)}')
    return LabelledSkeleton(
        category, names, tuple(wanted.values()), tuple(lines), tuple(pairs), sigmas, tuple(said)
    )


def _wanted(text: str, every: list[str]) -> dict[str, tuple[str, ...]]:
    """Each joint that is asked for, and the names that it may have in files."""
    wanted: dict[str, tuple[str, ...]] = {}
    for item in filter(None, (part.strip() for part in text.split(','))):
        name, equals, others = item.partition('=')
        info = None if name in every or equals else known_data_set(name)
        if name in WHOLEBODY_PARTS:
            wanted |= {joint: (joint,) for joint in WHOLEBODY_PARTS[name]}
        elif info is not None:
            wanted |= {joint: (joint,) for joint in info.joints}
        else:
            sources = (name, *filter(None, (other.strip() for other in others.split('|'))))
            unknown = [s for s in sources[bool(equals) :] if s not in every]
            if unknown:
                raise UsageError(
                    f'joints: expected some of {listed(every, 40)}, got {listed(unknown)}'
                )
            wanted[name] = sources
    if not any(set(sources) & set(every) for sources in wanted.values()):
        raise UsageError(f'joints: expected some of {listed(every, 40)}, got {text!r}')
    return wanted


def _links(
    categories: Sequence[LabelledCategory], wanted: dict[str, tuple[str, ...]]
) -> list[tuple[str, str]]:
    targets = {source: name for name, sources in wanted.items() for source in sources}
    links = []
    for category in categories:
        for first, second in category.links:
            ends = targets.get(first), targets.get(second)
            if None not in ends and ends[0] != ends[1] and ends not in links:
                links.append(ends)
    return [(str(first), str(second)) for first, second in links]


def _pairs(names: tuple[str, ...], text: str | None) -> tuple[list[tuple[str, str]], str]:
    """Pairs of names, and where they are from."""
    if text is None:
        return [(names[a], names[b]) for a, b in mirror_pairs(names)], 'by left and right in names'
    if text.strip() in ('none', ''):
        return [], 'as given'
    pairs = _given_pairs('flip_pairs', text, names)
    partner = list(range(len(names)))
    for first, second in pairs:
        a, b = names.index(first), names.index(second)
        if partner[a] != a or partner[b] != b:
            raise UsageError(
                f'flip_pairs: expected each joint in one pair, got {first}={second} beside another'
            )
        partner[a], partner[b] = b, a
    try:
        check_mirror(names, partner)
    except ValueError as error:
        raise UsageError(f'flip_pairs: {error}') from error
    return pairs, 'as given'


def _given_pairs(option: str, text: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs ``a=b`` with commas between."""
    pairs = []
    for item in filter(None, (part.strip() for part in text.split(','))):
        first, _, second = (part.strip() for part in item.partition('='))
        if not {first, second} <= set(names) or first == second:
            raise UsageError(f'{option}: expected a=b of {listed(names, 40)}, got {item!r}')
        pairs.append((first, second))
    return pairs


def _sigmas(
    categories: Sequence[LabelledCategory], names: tuple[str, ...]
) -> tuple[tuple[float, ...], str]:
    given = {n: s for c in categories for n, s in zip(c.joints, c.sigmas, strict=False)}
    if set(names) <= given.keys():
        return tuple(given[name] for name in names), 'of the label file'
    known = {}
    coco = known_data_set('coco_wholebody')
    if coco is not None:
        known = dict(zip(coco.joints, coco.sigmas, strict=True))
    found = [name for name in names if name in known]
    sigmas = tuple(round(float(known.get(name, USUAL_SIGMA)), 4) for name in names)
    if len(found) == len(names):
        return sigmas, "COCO's, by name"
    by_name = f"COCO's for {listed(found, 4)}, " if found else ''
    return sigmas, f'{by_name}{USUAL_SIGMA} for the others' if found else f'{USUAL_SIGMA} for all'


def metainfo_text(skeleton: LabelledSkeleton, source: str) -> str:
    """The file ``metainfo.py``, as mmpose reads it."""
    partner = {a: b for pair in skeleton.pairs for a, b in (pair, pair[::-1])}
    # A name with a line break would end the comment, and what follows would be run as code.
    source = cut(source)
    lines = [
        f'# The skeleton of {source}, made by tools/convert_dataset.py. In a mirrored picture,',
        '# a joint becomes the one that `swap` names.',
        'dataset_info = dict(',
        f'    dataset_name={skeleton.category!r},',
        f'    category={skeleton.category!r},',
        '    keypoint_info={',
    ]
    for index, name in enumerate(skeleton.joints):
        color = COLORS[side_of_name(name)]
        lines.append(
            f'        {index}: dict(name={name!r}, id={index}, color={color}, type={""!r}, '
            f'swap={partner.get(name, "")!r}),'
        )
    lines += ['    },', '    skeleton_info={']
    for index, link in enumerate(skeleton.links):
        sides = {side_of_name(name) for name in link} - {''}
        color = COLORS[sides.pop() if len(sides) == 1 else '']
        lines.append(f'        {index}: dict(link={link!r}, id={index}, color={color}),')
    lines += [
        '    },',
        f'    joint_weights={[1.0] * len(skeleton.joints)},',
        f'    sigmas={list(skeleton.sigmas)},',
        ')',
    ]
    return '\n'.join(lines) + '\n'
