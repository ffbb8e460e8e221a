"""Files of person boxes, matched with the frames of a film. Boxes are xyxy in pixels."""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.detections import read_detections
from jmpose_mm.formats.frame_names import frame_name
from jmpose_mm.formats.mot import read_mot
from jmpose_mm.formats.pixel_units import corners_remark
from jmpose_mm.video.people.found_boxes import FilmBoxes, FoundBoxes
from jmpose_mm.video.records import Frame, Remarks

__all__ = ['BoxFile', 'one_video_note']

_LEAST_SHARE = 0.1  # of the boxes; where fewer belong to a frame, they are another film's
# Box (4,), score, identity (0 if unknown), number of the entry in the file.
Entry = tuple[np.ndarray, float, int, int]


class BoxFile:
    """Boxes of a file: PoseTrack or COCO JSON (see `read_detections`), or MOTChallenge text.

    A frame with a file name is found by that name; a frame of a video file by the number in an
    entry's name, its ``image_id``, or its frame in MOTChallenge text less 1. Of several videos in a
    file, that one counts whose folder is called like the frame's. Numbers that can only have been
    counted from the other end, 0 or 1, are put right, which is said.

    Args:
        path: The file.
        score_threshold: Boxes below it are left out.

    Attributes:
        has_ids: True if the entries have identities.

    Raises:
        ValueError: The file is none of these; the message names the entry.
    """

    is_repeatable = True

    def __init__(self, path: str | Path, score_threshold: float = 0.0) -> None:
        self.path, self.score_threshold = Path(path), score_threshold
        self.name = self.path.name
        self.is_mot = self.path.suffix.lower() in ('.txt', '.csv')
        # By video, which is the folder of its frames, then by file name and by number.
        self.videos: dict[str, dict[str | int, list[Entry]]] = {}
        read = self._mot_entries() if self.is_mot else self._json_entries()
        self.notes: list[str] = []
        self.count = 0
        for self.count, (video, keys, entry) in enumerate(read, start=1):
            for key in keys:
                self.videos.setdefault(video, defaultdict(list))[key].append(entry)
        entries = [e for video in self.videos.values() for some in video.values() for e in some]
        ids = {entry[2] for entry in entries}
        # Some count identities from 0; detections in MOTChallenge form have -1.
        self.first_id = 0 if min(ids, default=1) == 0 and max(ids) > 0 else 1
        self.has_ids = min(ids, default=0) >= self.first_id
        if ids and not self.has_ids and max(ids) > 0:
            self.notes.append(f'{self.name}: some boxes have no identity; all are tracked anew')

    def for_film(self, film: Any) -> FilmBoxes:
        """These boxes for the frames of one film, which may say its ``name`` and ``count``."""
        matched = _Matched(self, getattr(film, 'name', 'the film'), getattr(film, 'count', None))
        return FilmBoxes(matched, matched.remarks)

    def __call__(self, frame: Frame) -> FoundBoxes:
        """Boxes of a frame of a film that nothing else is known of."""
        return self.for_film(None).of(frame)

    def _json_entries(self) -> Any:
        found = read_detections(self.path, by_name=None, default_score=1.0)
        for words, count in found.odd.items():
            self.notes.append(f'{self.name}: boxes {words}, which are left out: {count}')
        for place, entry in enumerate(found.boxes):
            image, box = entry['image'], (entry['box'], entry['score'], 0, place)
            if isinstance(image, int):
                yield '', [image], box
                continue
            path = PurePath(image)
            number = frame_name(image).number
            yield str(path.parent), [path.name, *([] if number is None else [number])], box

    def _mot_entries(self) -> Any:
        for found in read_mot(self.path):
            entry = (found.box, found.score, found.track_id, found.line)
            # MOTChallenge counts frames from 1, films are counted from 0.
            yield '', [found.frame - 1], entry


def one_video_note(boxes: object, films: int) -> str:
    """A note where several films get the boxes of one video; else empty.

    Args:
        boxes: Any source of boxes.
        films: Number of films.
    """
    if films < 2 or not isinstance(boxes, BoxFile) or len(boxes.videos) != 1:
        return ''
    return f'note: {boxes.name} has the boxes of one video, and {films} films get them'


class _Matched:
    """A file's boxes in one film."""

    def __init__(self, file: BoxFile, film: str, count: int | None) -> None:
        self.file, self.film, self.count = file, film, count
        self.notes: list[str] = list(file.notes)
        self.video: str | None = None
        self.shift = 0
        self.matched: set[int] = set()
        self.example = ''

    def __call__(self, frame: Frame) -> FoundBoxes:
        if self.video is None:
            self.video = self._video_folder(frame)
            self.example = PurePath(frame.name).name if frame.name else f'number {frame.index}'
            if not self._is_by_name(frame):
                self.shift = self._shift()
            self._look_for_corners(*frame.image.shape[:2])
        by_name = self._is_by_name(frame)
        key = PurePath(frame.name).name if by_name else frame.index + self.shift
        entries = self.file.videos.get(self.video, {}).get(key, [])
        self.matched.update(entry[3] for entry in entries)
        # Written this way a score that is NaN stays, to be counted with what is wrong with it.
        kept = [entry for entry in entries if not entry[1] < self.file.score_threshold]
        return FoundBoxes(
            np.array([entry[0] for entry in kept], dtype=float).reshape(-1, 4),
            np.array([entry[1] for entry in kept], dtype=float),
            np.array([entry[2] + 1 - self.file.first_id for entry in kept], dtype=int)
            if self.file.has_ids
            else None,
        )

    def remarks(self, is_whole: bool) -> Remarks:
        """Remarks on boxes that had no frame."""
        name, videos = self.file.name, self.file.videos
        keys = videos.get(self.video or '') or next(iter(videos.values()), {})
        total = len({entry[3] for entries in keys.values() for entry in entries})
        lost = total - len(self.matched)
        few = is_whole and len(self.matched) < _LEAST_SHARE * total
        if total and (few or not self.matched):
            found = len(self.matched)
            said = f'only {found} of its {total} boxes belong'
            if not found:
                said = f'none of its {total} boxes belongs'
            return Remarks(
                [
                    f'{name}: {said} to a frame of {self.film}; they are of frames like '
                    f'{next(iter(keys))!r}, the first frame is {self.example}'
                ],
                self.notes,
            )
        notes = list(self.notes)
        if not self.file.count:
            notes.append(f'{name}: there are no boxes of persons in it')
        if lost and is_whole:
            notes.append(f'{name}: {lost} of {total} boxes belong to no frame of {self.film}')
        return Remarks([], notes)

    def _look_for_corners(self, height: int, width: int) -> None:
        # A remark, no refusal: the box of one person who is partly in the film may look like that.
        keys = self.file.videos.get(self.video or '', {})
        boxes = np.array([entry[0] for entries in keys.values() for entry in entries], dtype=float)
        size = np.array([width, height])
        remark = corners_remark(self.file.name, boxes.reshape(-1, 4), size)
        if remark:
            self.notes.append(remark)

    def _is_by_name(self, frame: Frame) -> bool:
        # Without a folder, not even '.', there are numbers alone.
        return bool(frame.name and self.video)

    def _shift(self) -> int:
        """What is to be added to the number of a frame of the film to find it in the file."""
        keys = self.file.videos.get(self.video or '', {})
        numbers = [key for key in keys if isinstance(key, int)]
        if not numbers:
            return 0
        first, last, name = min(numbers), max(numbers), self.file.name
        if self.file.is_mot and first == -1:
            self.notes.append(f'{name}: its frames are counted from 0, MOTChallenge counts from 1')
            return -1
        if self.file.is_mot or first != 1 or self.count is None:
            return 0
        if last == self.count:
            self.notes.append(f'{name}: its frames are counted from 1, taken as such')
            return 1
        if last < self.count:
            self.notes.append(
                f'{name}: its first frame is number 1 and taken as the second one of the film, '
                'since frames count from 0'
            )
        return 0

    def _video_folder(self, frame: Frame) -> str:
        """The folder in the file that ends most like the frame's."""
        videos = self.file.videos
        if len(videos) <= 1:
            return next(iter(videos), '')
        folder = (
            str(PurePath(frame.name).parent) if frame.name else str(Path(self.film).with_suffix(''))
        )
        ends = {video: _common_end(video, folder) for video in videos}
        best = [video for video, count in ends.items() if 0 < count == max(ends.values())]
        if len(best) != 1:
            raise UsageError(
                f'{self.file.name}: expected boxes of one video, found those of {len(videos)}, and '
                f'{len(best)} of them are called like the folder of frame '
                f'{frame.name or frame.index}; run on a folder of frames that has the name of one: '
                f'{", ".join(sorted(videos)[:3])}, ...'
            )
        return best[0]


def _common_end(one: str, other: str) -> int:
    """How many parts two paths have in common at their ends."""
    pairs = zip(reversed(PurePath(one).parts), reversed(PurePath(other).parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
