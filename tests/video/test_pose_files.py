"""poses.json: what is written is read, and an interrupted run loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, plain, read_poses
from jmpose_mm.video.records import FramePoses, PersonPose, Remarks
from jmpose_mm.visualization.skeleton import Skeleton

HEADER = PoseHeader(
    'walk.mp4', 29.97, Skeleton(('nose', 'left_knee'), ((0, 1),)), {'boxes': 'hog', 'flip': True}
)


def frame(index: int, persons: int = 2, name: str = '') -> FramePoses:
    rng = np.random.default_rng(index)
    people = tuple(
        PersonPose(
            id=person + 1,
            box=rng.uniform(0, 640, 4),
            box_score=float(rng.uniform()),
            keypoints=rng.uniform(-9, 640, (2, 2)).astype(np.float32),
            scores=rng.uniform(size=2).astype(np.float32),
        )
        for person in range(persons)
    )
    return FramePoses(index, index / 29.97, name, (640, 360), people)


def check_equal(found: FramePoses, wanted: FramePoses) -> None:
    assert (found.index, found.name, found.size) == (wanted.index, wanted.name, wanted.size)
    assert found.time == pytest.approx(wanted.time, abs=1e-6)
    assert len(found.persons) == len(wanted.persons)
    for one, other in zip(found.persons, wanted.persons, strict=True):
        assert one.id == other.id
        np.testing.assert_allclose(one.box, other.box, atol=0.006)
        np.testing.assert_allclose(one.keypoints, other.keypoints, atol=0.006)
        np.testing.assert_allclose(
            [one.box_score, *one.scores], [other.box_score, *other.scores], atol=6e-5
        )


def write(path: Path, indices: range, **kwargs) -> PoseFile:
    with PoseFile(path, HEADER, **kwargs) as file:
        for index in indices:
            file.add(None, frame(index))
    return file


def test_pose_file__is_json_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / 'out' / 'poses.json'
    remarks = Remarks.none()
    frames = [frame(0), frame(2, persons=0), frame(4, persons=1, name='a/4.jpg')]
    with PoseFile(path, HEADER, remarks) as file:
        for poses in frames:
            file.add(None, poses)
        remarks.problems.append('frame 6 is "broken"')
        assert not path.exists()
    assert [entry.name for entry in path.parent.iterdir()] == ['poses.json']
    content = json.loads(path.read_text())
    assert list(content) == [
        *('source', 'fps', 'skeleton', 'protocol', 'frames', 'complete', 'problems')
    ]
    assert content['skeleton'] == {'joints': ['nose', 'left_knee'], 'edges': [[0, 1]]}
    assert content['frames'][1] == {'index': 2, 'time': 0.066733, 'size': [640, 360], 'persons': []}
    assert list(content['frames'][2]['persons'][0]) == [
        *('id', 'box', 'box_score', 'keypoints', 'scores')
    ]
    recording = read_poses(path)
    assert recording.header == HEADER
    assert (len(recording), recording.last_index, recording.complete) == (3, 4, True)
    assert recording.problems == ['frame 6 is "broken"']
    for _ in range(2):  # as often as one likes
        for found, wanted in zip(recording, frames, strict=True):
            check_equal(found, wanted)


def test_pose_file__without_frames(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    write(path, range(0))
    assert json.loads(path.read_text())['frames'] == []
    recording = read_poses(path)
    assert (list(recording), recording.last_index, recording.complete) == ([], -1, True)
    write(path, range(2), resume=True)
    assert [poses.index for poses in read_poses(path)] == [0, 1]
    assert len(json.loads(path.read_text())['frames']) == 2


def interrupted(path: Path, count: int) -> None:
    with PoseFile(path, HEADER, Remarks(['it rained'], [])) as file:
        for index in range(count):
            file.add(None, frame(index))
        raise KeyboardInterrupt


def test_pose_file__after_ctrl_c_is_valid_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, 3)
    content = json.loads(path.read_text())
    assert content['complete'] is False
    assert content['problems'] == ['it rained']
    assert [entry['index'] for entry in content['frames']] == [0, 1, 2]
    file = write(path, range(5), resume=True)
    assert [poses.index for poses in read_poses(path)] == [0, 1, 2, 3, 4]
    assert json.loads(path.read_text())['complete'] is True
    assert [poses.index for poses in file.resumed or []] == [0, 1, 2]


def test_pose_file__of_a_run_that_had_nothing_left_to_do(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, 3)
    write(path, range(3), resume=True)
    content = json.loads(path.read_text())
    assert (content['complete'], content['problems'], len(content['frames'])) == (True, [], 3)


def killed(path: Path, indices: range, **kwargs) -> Path:
    """What a run leaves that dies without a word."""
    file = PoseFile(path, HEADER, **kwargs)
    for index in indices:
        file.add(None, frame(index))
    left = file._unfinished.read_bytes()
    file._file.close()
    file._unfinished.write_bytes(left)
    return file._unfinished


@pytest.mark.parametrize('lost', [0, 1, 2, 100])
def test_pose_file__goes_on_after_a_kill(tmp_path: Path, lost: int) -> None:
    path = tmp_path / 'poses.json'
    unfinished = killed(path, range(6))
    assert not path.exists()
    data = unfinished.read_bytes()
    unfinished.write_bytes(data[: len(data) - lost])
    left = 6 if lost == 0 else 5
    assert [poses.index for poses in read_poses(path)] == list(range(left))
    with PoseFile(path, HEADER, resume=True) as file:
        assert file.last_index == left - 1
        for index in range(8):
            file.add(None, frame(index))
        # The frames that were there stay the same while the file grows.
        assert file.resumed is not None
        assert [poses.index for poses in file.resumed] == list(range(left))
    assert [poses.index for poses in read_poses(path)] == list(range(8))
    assert [entry['index'] for entry in json.loads(path.read_text())['frames']] == list(range(8))
    check_equal(list(read_poses(path))[5], frame(5))


def test_pose_file__every_cut_of_the_file_can_be_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    write(path, range(2))
    data = path.read_bytes()
    unfinished = tmp_path / '.poses.unfinished.json'
    path.unlink()
    begin = data.index(b'[\n') + 1
    for cut in range(begin, len(data)):
        unfinished.write_bytes(data[:cut])
        found = [poses.index for poses in read_poses(path)]
        assert found == list(range(len(found)))
        write(path, range(2), resume=True)
        assert path.read_bytes() == data
        path.unlink()


def test_pose_file__starts_anew_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    killed(path, range(9))
    write(path, range(3, 5))
    assert [poses.index for poses in read_poses(path)] == [3, 4]
    assert [entry.name for entry in tmp_path.iterdir()] == ['poses.json']


def test_pose_file__resumes_from_the_run_that_came_further(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, 5)
    killed(path, range(2))  # a new run, which came less far
    with PoseFile(path, HEADER, resume=True) as file:
        assert file.last_index == 4


def test_pose_file__refuses_to_go_on_after_another_run(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    write(path, range(3))
    before = path.read_bytes()
    other = HEADER._replace(protocol={'boxes': 'whole', 'flip': True})
    with pytest.raises(UsageError, match=r'expected protocol\.boxes whole, found hog'):
        PoseFile(path, other, resume=True)
    assert path.read_bytes() == before


def test_pose_file__an_early_end_never_replaces_a_longer_result(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    write(path, range(3))
    before = path.read_bytes()
    for count in (0, 3):
        with pytest.raises(KeyboardInterrupt):
            interrupted(path, count)
        assert path.read_bytes() == before
        assert [entry.name for entry in tmp_path.iterdir()] == ['poses.json']
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, 4)
    assert len(read_poses(path)) == 4


def test_pose_file__goes_on_where_another_run_has_left_something_else(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    with PoseFile(path, HEADER._replace(fps=5.0)) as file:
        file.add(None, frame(0))
    killed(path, range(2))
    assert PoseFile(path, HEADER, resume=True).last_index == 1
    (tmp_path / '.poses.unfinished.json').write_bytes(b'{"sour')  # killed in its first line
    path.unlink()
    assert PoseFile(path, HEADER, resume=True).last_index == -1


class FullDisk:
    """A file without room for more than so many bytes."""

    def __init__(self, file: object, room: int) -> None:
        self.file, self.room = file, room

    def write(self, content: memoryview) -> int:
        left = self.room - self.file.tell()
        if left <= 0:
            raise OSError(28, 'No space left on device')
        return self.file.write(content[:left])

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def write_nine(file: PoseFile) -> None:
    with file:
        for index in range(9):
            file.add(None, frame(index, persons=1))


def test_pose_file__full_disk_leaves_what_was_done(tmp_path: Path) -> None:
    path, counts = tmp_path / 'poses.json', []
    for room in range(0, 700, 13):
        file = PoseFile(path, HEADER)
        file._file = FullDisk(file._file, file._file.tell() + room)
        with pytest.raises(OSError, match='No space left'):
            write_nine(file)
        left = [entry.name for entry in tmp_path.iterdir()]
        counts.append(len(json.loads(path.read_text())['frames']) if path.exists() else 0)
        assert left == ['poses.json'] * bool(counts[-1])
        path.unlink(missing_ok=True)
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] >= 2


def test_plain__numbers_that_are_not_finite_are_none(tmp_path: Path) -> None:
    assert plain(np.asarray([[1.239, np.nan], [-np.inf, 2]]), 2) == [[1.24, None], [None, 2.0]]
    assert json.dumps(plain(np.float32([0.1, 1 / 3]), 4)) == '[0.1, 0.3333]'
    broken = frame(0, persons=1)
    broken.persons[0].keypoints[1] = np.nan
    with PoseFile(tmp_path / 'poses.json', HEADER) as file:
        file.add(None, broken)
    (found,) = read_poses(tmp_path / 'poses.json')
    assert np.isnan(found.persons[0].keypoints[1]).all()
    assert np.isfinite(found.persons[0].keypoints[0]).all()


@pytest.mark.parametrize(
    'text', ['', '{', '[1, 2]', '{"source": "a"}', '{\n  "source": "a",\n  "fps": 1\n}\n']
)
def test_read_poses__refuses_what_is_something_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'poses.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=r'poses\.json: expected poses as this package writes'):
        read_poses(path)


def test_read_poses__names_the_line_and_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / 'poses.json'
    with pytest.raises(ValueError, match=r'poses\.json: expected a file of poses, found none'):
        read_poses(path)
    write(path, range(3))
    path.write_text(path.read_text().replace('"scores"', '"skores"', 3))
    with pytest.raises(ValueError, match=r"poses\.json: line 2: .*KeyError: 'scores'"):
        list(read_poses(path))


def test_recording__reads_a_line_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / 'poses.json', range(50))
    recording = read_poses(tmp_path / 'poses.json')
    lines = []
    inner = Recording._lines

    def counted(self: Recording) -> Iterator[tuple[bytes, int]]:
        for line in inner(self):
            lines.append(line)
            yield line

    monkeypatch.setattr(Recording, '_lines', counted)
    frames = iter(recording)
    next(frames)
    next(frames)
    assert len(lines) == 2


def test_read_poses__as_many_keypoints_as_the_file_names_joints(tmp_path: Path) -> None:
    person = '"id": 1, "box": [0, 0, 1, 1], "box_score": 1, "keypoints": [[1, 1], [2, 2]]'
    (tmp_path / 'poses.json').write_text(
        '{"source": "a", "fps": 25, "skeleton": {"joints": ["nose"], "edges": []}, "protocol": {}, '
        '"frames": [\n{"index": 0, "time": 0, "size": [4, 4], '
        f'"persons": [{{{person}, "scores": [1, 1]}}]}}\n],\n"complete": true, "problems": []}}\n',
        encoding='utf-8',
    )
    with pytest.raises(ValueError, match=r'poses\.json: line 2: .*expected 1 keypoints .*2 and 2'):
        list(read_poses(tmp_path / 'poses.json'))


def damaged(content: dict, value: object) -> Iterator[str]:
    """The text of a recording with one value of it replaced, each in turn."""
    for part in list(content):
        places = list(content[part])
        for key in places:
            changed = {name: dict(entries) for name, entries in content.items()}
            changed[part][key] = value
            lines = [json.dumps(changed[name]) for name in ('header', 'frame', 'person', 'ending')]
            header, frame_line, person, ending = lines
            yield (
                f'{header[:-1]}, "frames": [\n{frame_line[:-1]}, "persons": [{person}]}}\n],\n'
                f'{ending[1:]}\n'
            )


@pytest.mark.parametrize(
    'value', [None, -1, 1e30, float('inf'), 'a', [], [['a', 'b']], [[0, 7]], {}, {'a': np.inf}]
)
def test_read_poses__of_any_damage_is_read_or_refused_by_name(
    tmp_path: Path, value: object
) -> None:
    path = tmp_path / 'poses.json'
    content = {
        'header': {'source': 'a', 'fps': 25, 'protocol': {}, 'skeleton': {}},
        'frame': {'index': 0, 'time': 0, 'size': [4, 4], 'name': 'a.jpg'},
        'person': {'id': 1, 'box': [0, 0, 1, 1], 'box_score': 1, 'keypoints': [], 'scores': []},
        'ending': {'complete': True, 'problems': [], 'notes': []},
    }
    content['header']['skeleton'] = {'joints': ['nose', 'tail'], 'edges': [[0, 1]]}
    content['person'] |= {'keypoints': [[1, 1], [2, 2]], 'scores': [1, 1]}
    texts = list(damaged(content, value))
    for edges in ([[0, 2]], [['0', '1']], [[0]], value):
        content['header']['skeleton'] = {'joints': ['nose', 'tail'], 'edges': edges}
        texts.append(next(damaged(content, 'a')))
    for text in texts:
        path.write_text(text, encoding='utf-8')
        if (said := refused(path)) is None:
            header = read_poses(path).header
            json.dumps(header.as_json(), allow_nan=False)
            names = header.skeleton.joints
            assert all(names[joint] for pair in header.skeleton.edges for joint in pair)
        else:
            assert 'poses.json' in said, text


def refused(path: Path) -> str | None:
    """What is said of a file that is not read."""
    try:
        list(read_poses(path))
    except ValueError as error:
        return str(error)
    return None
