"""Drawn films: what is on the frames, and that a film can be played however it ends."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.drawn_films import FilmWriter, FrameDrawer, SideBySideDrawer
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.pose_outputs import PoseOutput
from jmpose_mm.video.records import Frame, FramePoses, PersonPose
from jmpose_mm.visualization.drawing import COLOURS
from jmpose_mm.visualization.marks import identity_colour
from jmpose_mm.visualization.skeleton import Skeleton, posetrack_skeleton

GREY = 110
SKELETON = Skeleton(('right_hand', 'left_hand', 'nose'), ((0, 1), (1, 2)))


def canvas(width: int = 160, height: int = 120) -> np.ndarray:
    return np.full((height, width, 3), GREY, dtype=np.uint8)


def person(identity: int = 1, x: float = 80.0, score: float = 0.9) -> PersonPose:
    keypoints = np.asarray([[x - 20, 60], [x + 20, 60], [x, 50]])
    box = np.asarray([x - 30, 40, x + 30, 80])
    return PersonPose(identity, box, 0.9, keypoints, np.full(3, score))


def poses(index: int = 0, *persons: PersonPose) -> FramePoses:
    return FramePoses(index, index / 10, '', (160, 120), persons)


def frame(index: int, image: np.ndarray | None = None) -> Frame:
    return Frame(index, index / 10, '', canvas() if image is None else image)


def count_of(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((image == colour).all(axis=-1).sum())


def played(path: Path) -> list[np.ndarray]:
    reader, found = cv2.VideoCapture(str(path)), []
    while (read := reader.read())[0]:
        found.append(read[1])
    return found


def test_frame_drawer__skeleton_and_number() -> None:
    image = canvas()
    drawn = FrameDrawer(SKELETON)(image, poses(0, person()))
    assert (image == GREY).all()
    assert count_of(drawn, COLOURS['right']) > 3
    assert count_of(drawn, identity_colour(1)) > 40
    tag = np.argwhere((drawn == identity_colour(1)).all(axis=-1))
    assert tag[:, 0].max() < 50  # above the nose, the highest joint
    assert tag[:, 1].mean() == pytest.approx(80, abs=2)
    assert (
        count_of(
            FrameDrawer(SKELETON, identities=False)(image, poses(0, person())), identity_colour(1)
        )
        == 0
    )
    assert (FrameDrawer(SKELETON)(image, poses(0)) == GREY).all()


def test_frame_drawer__the_number_stays_at_the_box_where_no_joint_is_certain() -> None:
    drawn = FrameDrawer(SKELETON, threshold=0.5)(canvas(), poses(0, person(score=0.4)))
    ink = np.argwhere((drawn != GREY).any(axis=-1))
    assert ink[:, 0].max() <= 40  # the box's upper edge
    assert ink[:, 1].mean() == pytest.approx(80, abs=1)
    assert len(ink) > 100


def test_frame_drawer__placeholders_do_not_lift_the_number() -> None:
    skeleton = posetrack_skeleton()
    ear = skeleton.joints.index('left_ear')
    low, high = (
        person()._replace(keypoints=np.full((17, 2), 60.0), scores=np.ones(17)) for _ in range(2)
    )
    high.keypoints[ear] = 5, 5
    drawn = [FrameDrawer(skeleton)(canvas(), poses(0, one)) for one in (low, high)]
    np.testing.assert_array_equal(*drawn)


def test_frame_drawer__boxes() -> None:
    drawn = FrameDrawer(SKELETON, boxes=True, identities=False)(canvas(), poses(0, person(2)))
    assert (drawn[45:75, 50] == identity_colour(2)).all()
    bare = FrameDrawer(SKELETON, identities=False)(canvas(), poses(0, person(2)))
    assert (bare[:, :55] == GREY).all()


def below(drawn: np.ndarray) -> np.ndarray:
    """Columns where a trail at y = 100 was drawn."""
    return np.flatnonzero((drawn[95:105] != GREY).any(axis=(0, 2)))


def walker(x: float) -> PersonPose:
    return person()._replace(box=np.asarray([x - 5, 95, x + 5, 105.0]))


def test_frame_drawer__trails_are_as_long_as_asked_for() -> None:
    drawer = FrameDrawer(SKELETON, trail=3, identities=False)
    for index in range(8):
        drawn = drawer(canvas(), poses(index, walker(20 + 10 * index)))
    assert below(drawn).min() == pytest.approx(60, abs=2)
    assert below(drawn).max() == pytest.approx(90, abs=3)
    gone = [drawer(canvas(), poses(index)) for index in range(8, 13)]
    assert len(below(gone[0])) > 10  # the trail fades after the person has left
    assert len(below(gone[-1])) == 0
    assert drawer._ways == {}


def test_frame_drawer__a_trail_does_not_bridge_what_nobody_saw() -> None:
    drawer = FrameDrawer(SKELETON, trail=9, identities=False)
    for index, x in enumerate((20, 30, None, 120, 130)):
        drawn = drawer(canvas(), poses(index, *([] if x is None else [walker(x)])))
    columns = set(below(drawn).tolist())
    assert {25, 125} <= columns
    assert not columns & set(range(36, 115))


def test_frame_drawer__trail_of_a_joint() -> None:
    drawer = FrameDrawer(
        SKELETON, trail=5, trail_joint='left_hand', identities=False, threshold=0.5
    )
    drawer(canvas(), poses(0, person(x=40)))
    drawn = drawer(canvas(), poses(1, person(x=120, score=0.6)))
    assert (drawn[60, 80:95] != GREY).any(axis=-1).all()  # from hand to hand, 60 to 140
    drawer(canvas(), poses(2, person(x=40, score=0.1)))
    assert np.isnan(drawer._ways[1][-1]).all()
    with pytest.raises(UsageError, match=r'trail_joint: expected one of right_hand, .* got .tail.'):
        FrameDrawer(SKELETON, trail=5, trail_joint='tail')


def test_frame_drawer__nobody_in_particular_leaves_no_trail() -> None:
    drawer = FrameDrawer(SKELETON, trail=5)
    for index in range(3):
        drawn = drawer(canvas(), poses(index, walker(20 + 30 * index)._replace(id=0)))
    assert len(below(drawn)) == 0


def test_side_by_side_drawer__the_frames_of_both_meet() -> None:
    others = [poses(2, person(1)), poses(4, person(2)), poses(8, person(3))]
    drawer = SideBySideDrawer(
        ('single frame', 'JM-Pose'), (FrameDrawer(SKELETON), FrameDrawer(SKELETON)), others
    )
    left, right = {}, {}
    for index in (0, 4, 6, 8, 10):
        drawn = drawer(canvas(), poses(index, person(9)))
        assert drawn.shape == (140, 322, 3)
        left[index] = [
            n for n in (1, 2, 3, 9) if count_of(drawn[20:, :160], identity_colour(n)) > 20
        ]
        right[index] = count_of(drawn[20:, 162:], identity_colour(9)) > 20
    assert left == {0: [], 4: [2], 6: [], 8: [3], 10: []}
    assert all(right.values())


def test_film_writer__is_drawn_in_order_beside_the_work(tmp_path: Path) -> None:
    path, threads = tmp_path / 'new' / 'film.mp4', set()

    def draw(image: np.ndarray, found: FramePoses) -> np.ndarray:
        threads.add(threading.current_thread())
        return np.full_like(image, 20 * found.index)

    with FilmWriter(path, 10, draw) as film:
        for index in range(12):
            film.add(frame(index), poses(index))
        assert not path.exists()
    found = played(path)
    assert [round(float(image.mean()) / 20) for image in found] == list(range(12))
    assert threading.main_thread() not in threads
    assert not any(thread.is_alive() for thread in threads)
    assert [entry.name for entry in path.parent.iterdir()] == ['film.mp4']


def test_film_writer__holds_few_frames(tmp_path: Path) -> None:
    go = threading.Event()
    film = FilmWriter(tmp_path / 'film.mp4', 10, lambda image, found: go.wait() and image)
    given = []

    def give() -> None:
        for index in range(30):
            film.add(frame(index), poses(index))
            given.append(index)

    giver = threading.Thread(target=give)
    giver.start()
    giver.join(0.3)
    assert len(given) == 9  # one is being drawn, eight wait
    go.set()
    giver.join()
    film.close()
    assert len(played(tmp_path / 'film.mp4')) == 30


def stop(outputs: tuple[PoseOutput, ...], error: BaseException) -> None:
    with outputs[0] as first, outputs[1] as second:
        for index in range(5):
            for output in (first, second):
                output.add(frame(index), poses(index, person()))
        raise error


@pytest.mark.parametrize('error', [KeyboardInterrupt(), OSError('the disk is full')])
def test_outputs__are_whole_after_any_end(tmp_path: Path, error: BaseException) -> None:
    from jmpose_mm.video.files.recordings import PoseHeader, read_poses

    header = PoseHeader('a.mp4', 10.0, SKELETON, {})
    outputs = (
        PoseFile(tmp_path / 'poses.json', header),
        FilmWriter(tmp_path / 'film.mp4', 10, FrameDrawer(SKELETON)),
    )
    with pytest.raises(type(error)):
        stop(outputs, error)
    assert len(played(tmp_path / 'film.mp4')) == 5
    assert (
        len(read_poses(tmp_path / 'poses.json')),
        read_poses(tmp_path / 'poses.json').complete,
    ) == (5, False)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['film.mp4', 'poses.json']
    assert 'background-calls' not in {thread.name for thread in threading.enumerate()}


def test_film_writer__without_frames_leaves_nothing(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / 'film.mp4', 10, FrameDrawer(SKELETON)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_film_writer__an_error_of_the_drawing_is_said_and_the_film_kept(tmp_path: Path) -> None:
    def draw(image: np.ndarray, found: FramePoses) -> np.ndarray:
        if found.index == 3:
            raise RuntimeError('no ink')
        return image

    film = FilmWriter(tmp_path / 'film.mp4', 10, draw)
    for index in range(6):
        film.add(frame(index), poses(index))
        while film._film.count < min(index + 1, 3):
            time.sleep(0.001)
        if index == 3:
            break
    film.add(frame(4), poses(4))  # ends nothing else
    film.close()
    assert film.remarks.problems == ['film.mp4: no more than 3 frames could be drawn, since no ink']
    assert len(played(tmp_path / 'film.mp4')) == 3


def test_film_writer__frames_of_several_sizes(tmp_path: Path) -> None:
    bright = [np.full((90, 121, 3), 200, np.uint8), np.full((45, 240, 3), 200, np.uint8)]
    with FilmWriter(tmp_path / 'film.mp4', 10, lambda image, found: image) as film:
        for index, image in enumerate(bright):
            film.add(frame(index, image), poses(index))
    first, second = played(tmp_path / 'film.mp4')
    assert first.shape == second.shape == (90, 122, 3)
    assert first.min() > 180
    # 240 x 45 becomes 121 x 23 between two bars.
    assert second[:30].max() < 25
    assert second[60:].max() < 25
    assert second[36:54, 4:116].min() > 180


def test_film_writer__refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'ends in \.mp4'):
        FilmWriter(tmp_path / 'film.avi', 10, FrameDrawer(SKELETON))
    with FilmWriter(tmp_path / 'film.mp4', 10, FrameDrawer(SKELETON)) as film:
        with pytest.raises(ValueError, match='frame 7: expected an image to draw on, got None'):
            film.add(None, poses(7))
