"""Convert a data set video by video, then merge: interrupted, it goes on where it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from jmpose_mm.datasets.conversion.dataset_format import DatasetFormat, Video, visible_files
from jmpose_mm.datasets.conversion.links import check_inside, link_folder
from jmpose_mm.datasets.conversion.split_counts import SplitCounts
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.coco_writing import write_coco
from jmpose_mm.formats.json_files import place_in, read_json, write_compact_json
from jmpose_mm.whole_files import alone_in, whole_file, write_json

__all__ = ['LEDGER', 'REPORT', 'run_conversion']

LEDGER = 'conversion.jsonl'
REPORT = 'conversion.json'
RULES = 1  # counted up when a change makes earlier files stale


class Ledger:
    """List of the finished videos: a line of JSON for each, appended when its file is there.

    A video counts as finished while its sources keep their sizes and times of change.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.entries: dict[str, dict[str, Any]] = {}
        if file.is_file():
            for line in file.read_text(encoding='utf-8', errors='replace').splitlines():
                entry = _entry(line)
                if entry is not None:
                    self.entries[entry['file']] = entry

    def left_out(self, video: Video) -> dict[str, int] | None:
        """What was left out of a finished video; None if it is not finished."""
        entry = self.entries.get(video.file)
        target = self.file.parent / 'annotations' / video.file
        if entry is None or entry['state'] != _state(video) or not target.is_file():
            return None
        counts: dict[str, int] = entry['left_out']
        return counts

    def add(self, video: Video, left_out: dict[str, int]) -> None:
        """Note that a video is finished."""
        entry = {'file': video.file, 'state': _state(video), 'left_out': dict(left_out)}
        self.entries[video.file] = entry
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open('a', encoding='utf-8') as file:
            # The line break comes first: what a killed run has left of a line is then a line of its
            # own.
            file.write(f'\n{json.dumps(entry)}')

    def tidy(self, videos: list[Video]) -> None:
        """Write the lines of these videos alone, in their order: what interruptions left goes."""
        lines = [json.dumps(self.entries[video.file]) for video in videos]
        with whole_file(self.file) as unfinished:
            unfinished.write_text(''.join(f'\n{line}' for line in lines), encoding='utf-8')


def _entry(line: str) -> dict[str, Any] | None:
    """A line of the ledger; None where it is none, as the last one of a run that was killed."""
    try:
        entry = json.loads(line)
        kinds = {'file': str, 'state': list, 'left_out': dict}
        is_whole = all(isinstance(entry[name], kind) for name, kind in kinds.items())
        is_whole = is_whole and all(type(n) is int for n in entry['left_out'].values())
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return entry if is_whole else None


def _state(video: Video) -> list[Any]:
    stats = [source.stat() for source in video.sources]
    # The number is part of it, since ids of images are made of it.
    return [RULES, video.number, *([stat.st_size, stat.st_mtime_ns] for stat in stats)]


def run_conversion(dataset: DatasetFormat, progress: bool = True) -> dict[str, Any]:
    """Convert all videos that are not finished yet, merge them and write the report.

    Args:
        dataset: Data set to convert; its ``src`` is only read.
        progress: Show a progress bar.

    Returns:
        The report, as stored in ``OUT/conversion.json``, and how many videos an earlier run had
        finished. Where images could not be linked, ``images`` is their folder.

    Raises:
        UsageError: A file of the download is unusable; the message has its path and key. What is
            finished stays, and nothing unfinished has a final name.
    """
    found = dataset.videos()
    videos = [video for video in found if not _is_of_another(dataset, video)]
    if not videos:
        raise UsageError(f'{dataset.src}: expected files of {dataset.name}, found another release')
    _check_earlier(dataset)
    _check_targets(dataset, videos)
    with alone_in(dataset.out):
        report = _converted(dataset, videos, progress)
    report |= {'stale_files': stale} if (stale := _stale_files(dataset, videos)) else {}
    return report if videos == found else {**report, 'other_files': len(found) - len(videos)}


def _is_of_another(dataset: DatasetFormat, video: Video) -> bool:
    """Whether a file is of another release, which a user has unpacked into the same folder."""
    if dataset.other_layout is None:
        return False
    with video.sources[0].open('rb') as file:
        return re.match(dataset.other_layout, file.read(200)) is not None


def _converted(dataset: DatasetFormat, videos: list[Video], progress: bool) -> dict[str, Any]:
    linked = True
    if dataset.image_link is not None:
        link = dataset.out / dataset.image_link
        linked = link_folder(dataset.images, link, dataset.copies_images)
    ledger = Ledger(dataset.out / LEDGER)
    waiting = [v for v in videos if not dataset.resumes or ledger.left_out(v) is None]
    bar = tqdm(waiting, desc=f'convert {dataset.name}', unit='video', disable=not progress)
    for video in bar:
        converted = dataset.convert(video)
        with place_in(video.sources[0]):  # what cannot be merged and counted is not finished
            SplitCounts().add(dataset.document(converted.content, video), {})
        # in its own layout, with all that the download has in it
        file = dataset.out / 'annotations' / video.file
        write_compact_json(file, converted.content, finite=False)
        ledger.add(video, converted.left_out)
    ledger.tidy(videos)
    report = _merged(dataset, videos, ledger, progress)
    if not linked:
        report['images'] = str(dataset.images.resolve())
    write_json(dataset.out / REPORT, report)
    return {**report, 'videos_finished_before': len(videos) - len(waiting)}


def _merged(
    dataset: DatasetFormat, videos: list[Video], ledger: Ledger, progress: bool
) -> dict[str, Any]:
    """Write one file for each split; the report about them."""
    names = sorted({split for video in videos for split in video.splits})
    splits = {split: SplitCounts() for split in names}
    for split, counts in tqdm(splits.items(), desc='merge', unit='file', disable=not progress):
        members = [video for video in videos if split in video.splits]
        documents = _counted(dataset, members, ledger, counts)
        write_coco(dataset.merged_file(split), documents, finite=False)
    return {
        'dataset': dataset.name,
        'release': dataset.release(videos),
        'source': str(dataset.src),
        'splits': {split: counts.to_dict(dataset.joint_names) for split, counts in splits.items()},
        'merged_files': [str(dataset.merged_file(s).relative_to(dataset.out)) for s in splits],
        **dataset.remarks(),
    }


def _check_earlier(dataset: DatasetFormat) -> None:
    """A folder holds one data set: files of two have the same names."""
    if not (dataset.out / REPORT).is_file():
        return
    earlier: Any = None
    with suppress(UsageError):
        earlier = read_json(dataset.out / REPORT)
    name = earlier.get('dataset') if isinstance(earlier, dict) else None
    if name not in (None, dataset.name):
        raise UsageError(
            f'{dataset.out}: expected a new folder OUT, or one that {dataset.name} was converted '
            f'into, found {name}; choose another'
        )


def _stale_files(dataset: DatasetFormat, videos: list[Video]) -> list[str]:
    """Annotation files of single videos that are there and of none of these."""
    root = dataset.out / 'annotations'
    files = {video.file for video in videos}
    found = (file.relative_to(root).as_posix() for file in visible_files(root, '*/**/*.json'))
    merged = {dataset.merged_file(split) for video in videos for split in video.splits}
    return [file for file in found if file not in files and root / file not in merged]


def _check_targets(dataset: DatasetFormat, videos: list[Video]) -> None:
    """Nothing is written outside of OUT, or over the download."""
    targets = [dataset.out / 'annotations' / video.file for video in videos]
    merged = {dataset.merged_file(split) for video in videos for split in video.splits}
    check_inside(dataset.out, [*targets, *merged])
    out = dataset.out.resolve()
    if dataset.image_link is not None and dataset.images.resolve() in (out, *out.parents):
        raise UsageError(
            f'{dataset.out}: expected a folder OUT outside of the images of the download, which is '
            'never changed'
        )
    if dataset.out.exists() and dataset.out.samefile(dataset.src):
        raise UsageError(
            f'{dataset.out}: expected another folder OUT than the download, which is never changed'
        )
    for video in videos:
        target = dataset.out / 'annotations' / video.file
        if target.exists() and target.resolve() == video.sources[0].resolve():
            raise UsageError(
                f'{target}: expected another folder OUT than the download, which is never changed'
            )


def _counted(
    dataset: DatasetFormat, videos: list[Video], ledger: Ledger, counts: SplitCounts
) -> Iterator[dict[str, Any]]:
    owners: dict[str, Path] = {}
    for video in videos:
        file = dataset.out / 'annotations' / video.file
        content = read_json(file)
        with place_in(file):
            document = dataset.document(content, video)
            counts.add(document, ledger.left_out(video) or {})
        for image in document['images']:
            other = owners.setdefault(str(image.get('file_name')), video.sources[0])
            if other != video.sources[0]:
                raise UsageError(
                    f'{video.sources[0]}: expected images of its own, got {image["file_name"]}, '
                    f'which {other} has too; is one of the two a copy? Remove it'
                )
        yield document
