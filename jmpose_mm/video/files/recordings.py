"""The form of ``poses.json``, and how it is read.

The file is one JSON object laid out in lines: the first holds what is true of all frames, each
further one a frame, the last what went wrong. While it grows it has another name and lacks the last
line: an interrupted run loses nothing, memory does not grow with the video, and a long one is read
back frame by frame. Coordinates are pixels ``(x, y)`` of the upright frame, to 1/100.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.errors import naming
from jmpose_mm.formats.json_files import field, numbers, whole_number
from jmpose_mm.video.records import PIXEL_DIGITS, SCORE_DIGITS, FramePoses, PersonPose
from jmpose_mm.visualization.skeleton import Skeleton

__all__ = ['PoseHeader', 'Recording', 'frame_entry', 'plain', 'read_poses', 'unfinished_path']

TIME_DIGITS = 6


class PoseHeader(NamedTuple):
    """Facts that hold for all frames of a file of poses.

    Attributes:
        source: Input as the user named it.
        fps: Frames per second of the source, whatever the stride; None if unknown.
        skeleton: Names of the K keypoints and the lines between them.
        protocol: Conditions of the numbers: config, checkpoint, boxes, decoding, ...
    """

    source: str
    fps: float | None
    skeleton: Skeleton
    protocol: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The same as dicts and lists."""
        content = self._asdict() | {'skeleton': self.skeleton.as_json()}
        return json.loads(json.dumps(content, allow_nan=False))

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> PoseHeader:
        """The other way round; a KeyError, TypeError or ValueError if something is wrong."""
        skeleton = field(content, 'skeleton', dict)
        joints = tuple(str(name) for name in field(skeleton, 'joints', list))
        edges = [
            (whole_number(first, 'edges'), whole_number(second, 'edges'))
            for first, second in field(skeleton, 'edges', list)
        ]
        if not set(chain(*edges)) <= set(range(len(joints))):
            raise ValueError(f'edges: expected indices of {len(joints)} joints, got {edges}')
        fps = content['fps'] if content['fps'] is None else field(content, 'fps', int, float)
        return cls(
            field(content, 'source', str),
            fps,
            Skeleton(joints, tuple(edges), str(skeleton.get('category', 'person'))),
            field(content, 'protocol', dict),
        )


class Recording:
    """Poses in a file. Iterating reads them, frame by frame and from the start each time.

    A file that grows meanwhile makes no difference: the frames are those of the beginning.

    Attributes:
        path: The file.
        header: See :class:`PoseHeader`.
        complete: True if the run came to its end.
        problems: A line for each thing that went wrong, e.g. a frame that could not be read.
        notes: A line for each thing that may not be as expected.
        last_index: Index of the last frame; -1 if there is none.
        last_time: Time of the last frame in seconds.
        end: Position behind the last frame, in bytes.
        has_film: False where a film beside it is known to be of other poses.

    Raises:
        ValueError: It is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.complete = path, False
        self.problems, self.notes = list[str](), list[str]()
        self._count, self.end, self.has_film = 0, path.stat().st_size, True
        with path.open('rb') as file:
            first = file.readline()
            try:
                self.header = PoseHeader.from_json(json.loads(first + b']}'))
                self.header.as_json()  # refuses what is not finite
            except (KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
                raise ValueError(
                    f'{path}: expected poses as this package writes them, a frame in each line; '
                    f'found something else ({type(error).__name__}: {error})'
                ) from error
        nothing = (0, (b'{"index": -1, "time": 0}', len(first.rstrip(b'\n'))))
        counted = deque(enumerate(self._lines(), start=1), maxlen=1)
        self._count, (last, end) = counted[0] if counted else nothing
        self.end = end
        with naming(path, 'poses as this package writes them'):
            entry = json.loads(last)
            self.last_index, self.last_time = int(entry['index']), float(entry['time'])
        with path.open('rb') as file:
            file.seek(end)
            ending = b'{"frames": [' + file.read()
        if _is_json(ending):
            with naming(path, 'a last line as this package writes it'):
                last_line = json.loads(ending)
                self.complete = last_line['complete'] is True
                self.problems = [str(line) for line in field(last_line, 'problems', list)]
                self.notes = [
                    str(line) for line in field({'notes': [], **last_line}, 'notes', list)
                ]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FramePoses]:
        for number, (line, _) in enumerate(self._lines(), start=2):
            try:
                poses = _read_frame(json.loads(line))
                self._check_joints(poses)
                yield poses
            except (KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
                raise ValueError(
                    f'{self.path}: line {number}: expected a frame, found something else '
                    f'({type(error).__name__}: {error})'
                ) from error

    def _check_joints(self, poses: FramePoses) -> None:
        expected = len(self.header.skeleton.joints)
        for person in poses.persons:
            if not len(person.keypoints) == len(person.scores) == expected:
                raise ValueError(
                    f'expected {expected} keypoints and scores, as the file names joints, got '
                    f'{len(person.keypoints)} and {len(person.scores)}'
                )

    def _lines(self) -> Iterator[tuple[bytes, int]]:
        """The whole lines of frames, and where each ends."""
        with self.path.open('rb') as file:
            start = len(file.readline())
            for line in file:
                content = line.rstrip(b',\n')
                # What follows a line break was begun, but maybe not finished, with it.
                whole = line.endswith(b'\n') or _is_json(content)
                if start >= self.end or line.startswith(b']') or not whole:
                    return
                yield content, start + len(content)
                start += len(line)


def read_poses(path: str | Path) -> Recording:
    """Read a ``poses.json``, whole or interrupted: seconds, and pixels of the upright frame.

    Raises:
        ValueError: There is no such file, or it holds no poses.

    Example:
        >>> from jmpose_mm.video.files.pose_files import PoseFile
        >>> skeleton = Skeleton(('nose', 'neck'), ((0, 1),))
        >>> person = PersonPose(1, np.array([0, 0, 9, 9]), 0.9, np.ones((2, 2)), np.ones(2))
        >>> file = PoseFile('poses.json', PoseHeader('walk.mp4', 25.0, skeleton, {}))
        >>> file.add(None, FramePoses(0, 0.0, '', (64, 48), (person,)))
        >>> file.close()
        >>> poses = read_poses('poses.json')
        >>> poses.complete, len(poses), poses.header.skeleton.joints
        (True, 1, ('nose', 'neck'))
        >>> np.stack([person.keypoints for frame in poses for person in frame.persons]).shape
        (1, 2, 2)
    """
    path = Path(path)
    found = next((file for file in (path, unfinished_path(path)) if file.is_file()), None)
    if found is None:
        raise ValueError(f'{path}: expected a file of poses, found none')
    return Recording(found)


def plain(values: np.ndarray, digits: int) -> list[Any]:
    """Nested lists of numbers for JSON, rounded; None where one is not finite."""
    values = np.round(np.asarray(values, dtype=np.float64), digits)
    return np.where(np.isfinite(values), values.astype(object), None).tolist()


def unfinished_path(path: Path) -> Path:
    """The path under which a ``poses.json`` grows."""
    return path.with_name(f'.{path.stem}.unfinished{path.suffix}')


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def frame_entry(poses: FramePoses) -> dict[str, Any]:
    """A frame as dicts and lists."""
    persons = [
        {
            'id': int(person.id),
            'box': plain(person.box, PIXEL_DIGITS),
            'box_score': round(float(person.box_score), SCORE_DIGITS),
            'keypoints': plain(person.keypoints, PIXEL_DIGITS),
            'scores': plain(person.scores, SCORE_DIGITS),
            **_unsmoothed(person),
        }
        for person in poses.persons
    ]
    name = {'name': poses.name} if poses.name else {}
    time = round(float(poses.time), TIME_DIGITS)
    size = [int(side) for side in poses.size]
    return {'index': int(poses.index), 'time': time, **name, 'size': size, 'persons': persons}


def _unsmoothed(person: PersonPose) -> dict[str, Any]:
    if person.unsmoothed is None:
        return {}
    return {'unsmoothed': plain(person.unsmoothed, PIXEL_DIGITS)}


def _points(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64).reshape(-1, 2)


def _read_frame(entry: dict[str, Any]) -> FramePoses:
    persons = tuple(
        PersonPose(
            field(person, 'id', int),
            numbers(person['box'], 'box', 4),
            float(field(person, 'box_score', int, float)),
            _points(person['keypoints']),
            np.asarray(person['scores'], dtype=np.float64).reshape(-1),
            unsmoothed=_points(person['unsmoothed']) if 'unsmoothed' in person else None,
        )
        for person in field(entry, 'persons', list)
    )
    width, height = (whole_number(side, 'size') for side in field(entry, 'size', list))
    time = float(field(entry, 'time', int, float))
    name = str(entry.get('name', ''))
    return FramePoses(field(entry, 'index', int), time, name, (width, height), persons)
