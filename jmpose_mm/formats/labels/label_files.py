"""Finds the label files below a folder and reads each by the program that wrote it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.json_files import place_in, read_json
from jmpose_mm.formats.labels.deeplabcut import read_deeplabcut
from jmpose_mm.formats.labels.label_studio import is_label_studio, read_label_studio
from jmpose_mm.formats.labels.labelme import is_labelme, read_labelme

__all__ = ['Labels', 'read_labels', 'visible']

TABLES = ('.csv', '.h5')
FOLDERS_ASIDE = ('__MACOSX',)


class Labels(NamedTuple):
    """One document of COCO's layout.

    Attributes:
        file: File that was read; of labelme, the folder of its files.
        program: Whose form it has.
        content: ``images``, ``annotations`` and ``categories``.
        left_out: Counts of what could not be understood, by words.
    """

    file: Path
    program: str
    content: dict[str, Any]
    left_out: Counter[str]


def read_labels(source: str | Path, aside: Iterable[Path] = ()) -> list[Labels]:
    """Read a label file, or all below a folder, hidden ones left aside.

    Args:
        source: A file or a folder.
        aside: Folders that are not looked into.

    Raises:
        UsageError: There is none, or one cannot be read.
    """
    source = Path(source)
    if source.suffix.lower() in ('.zip', '.gz', '.tar', '.tgz', '.7z', '.rar'):
        raise UsageError(f'{source}: expected a folder or a label file, got an archive: unpack it')
    if not source.exists():
        raise UsageError(f'{source}: expected a label file or a folder of them, found nothing')
    files = [source] if source.is_file() else _candidates(source, [p.resolve() for p in aside])
    found: list[Labels] = []
    images: dict[Path, list[tuple[Path, dict[str, Any]]]] = {}
    others = 0
    for file in files:
        content = None if file.suffix.lower() in TABLES else read_json(file)
        one = _labels(file, content)
        if content is not None and is_labelme(content):
            images.setdefault(file.parent, []).append((file, content))
        elif one is not None:
            found.append(one)
        elif source.is_file():
            raise UsageError(
                f'{file}: expected COCO keypoints, or labels of Label Studio or labelme, found '
                f'{_kind(content)}'
            )
        else:
            others += 1
    found += [Labels(f, 'labelme', *read_labelme(group)) for f, group in images.items()]
    if not found:
        said = f' ({others} JSON files hold something else)' if others else ''
        raise UsageError(
            f'{source}: expected COCO keypoint JSON, CollectedData_*.csv of DeepLabCut, or JSON of '
            f'Label Studio or labelme, found none{said}'
        )
    found[0].left_out['files that hold no labels'] += others
    return found


def _labels(file: Path, content: Any) -> Labels | None:
    """A file that is complete by itself; None for another one."""
    if file.suffix.lower() in TABLES:
        return Labels(file, 'DeepLabCut', *read_deeplabcut(file))
    if is_label_studio(content):
        with place_in(file) as place:
            return Labels(file, 'Label Studio', *read_label_studio(content, place))
    if isinstance(content, dict) and isinstance(content.get('images'), list):
        return Labels(file, 'COCO', content, Counter())
    return None


def visible(path: Path, root: Path) -> bool:
    """Whether nothing on the way from a folder to a path is hidden or left by an archive."""
    parts = path.relative_to(root).parts
    return not any(part.startswith('.') or part in FOLDERS_ASIDE for part in parts)


def _candidates(root: Path, aside: list[Path]) -> list[Path]:
    """JSON files, and DeepLabCut's tables: its .h5 only where there is no .csv of that name."""
    files = []
    for file in sorted(root.rglob('*')):
        suffix = file.suffix.lower()
        if suffix not in ('.json', *TABLES) or not file.is_file() or not visible(file, root):
            continue
        if any(folder in file.resolve().parents for folder in aside):
            continue
        is_table = suffix in TABLES
        if is_table and not file.name.startswith('CollectedData'):
            continue
        if suffix == '.h5' and file.with_suffix('.csv').is_file():
            continue
        files.append(file)
    return files


def _kind(content: Any) -> str:
    if isinstance(content, dict):
        return f'an object with {", ".join(list(map(str, content))[:5]) or "nothing"}'
    return f'a {type(content).__name__}'
