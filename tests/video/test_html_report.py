"""quality.json and report.html: planted faults are found, and the page works in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from jmpose_mm.video.files.html_report import LARGEST_INSIDE
from jmpose_mm.video.files.person_tracks import person_tracks
from jmpose_mm.video.files.pose_exports import export_poses
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.records import FramePoses, PersonPose
from jmpose_mm.visualization.film import write_film
from jmpose_mm.visualization.skeleton import posetrack_skeleton

JOINTS = posetrack_skeleton().joints
COUNT, WRONG, JOINT = 30, 12, JOINTS.index('left_wrist')
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')


def walker(identity: int, frame: int) -> PersonPose:
    """Goes to the right; at one frame the first one's wrist is elsewhere."""
    body = np.random.default_rng(identity).uniform(40, 140, (len(JOINTS), 2))
    points = np.round(body + np.array([2.0 * frame, 0]), 2)
    scores = np.full(len(JOINTS), 0.9)
    if (identity, frame) == (1, WRONG):
        points[JOINT] += 60
        scores[JOINT] = 0.1
    box = np.array([30.0 + 2 * frame, 30, 150 + 2 * frame, 150])
    return PersonPose(identity, box, 0.9, points, scores)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Person 1 throughout, person 7 with a gap; nobody in the first frame."""
    header = PoseHeader('clips/</script> & walk.mp4', 25.0, posetrack_skeleton(), {'boxes': 'own'})
    with PoseFile(tmp_path / 'poses.json', header) as file:
        for t in range(COUNT):
            ids = [*([1] if t else []), *([7] if t in (3, 4, 5, 20, 21, 22) else [])]
            persons = tuple(walker(identity, t) for identity in ids)
            file.add(None, FramePoses(100 + t, 4 + t / 25, '', (320, 180), persons))
    return read_poses(tmp_path / 'poses.json')


def test_person_tracks__rows_and_sizes(recording: Recording) -> None:
    first, second = person_tracks(recording)
    assert (first.id, second.id) == (1, 7)
    assert first.rows.tolist() == list(range(1, COUNT))
    assert second.rows.tolist() == [3, 4, 5, 20, 21, 22]
    np.testing.assert_array_equal(second.keypoints[3], walker(7, 20).keypoints)
    assert set(first.sizes) == {120.0}


def test_quality__finds_what_was_planted(recording: Recording, tmp_path: Path) -> None:
    (path,) = export_poses(recording, tmp_path, ['quality'])
    quality = json.loads(path.read_text(encoding='utf-8'))
    worst, first = quality['label_first'][0], quality['persons'][0]
    assert (worst['index'], worst['time']) == (100 + WRONG, pytest.approx(4 + WRONG / 25))
    assert (worst['person'], worst['joint'], worst['why']) == (1, 'left_wrist', 'jump')
    # Nothing has learnt PoseTrack's ears.
    assert set(first['joints']) == {joint for joint in JOINTS if 'ear' not in joint}
    wrist = first['joints']['left_wrist']
    assert (wrist['low_scores'], wrist['jumps'], wrist['missing']) == (1, 1, 0)
    assert {joint['jumps'] for name, joint in first['joints'].items() if name != 'left_wrist'} == {
        0
    }
    assert quality['persons'][1]['gaps'] == [[105, 120, 0.6]]
    assert (first['first'], first['last'], first['frames']) == (101, 100 + COUNT - 1, COUNT - 1)
    times = [frame['time'] for frame in quality['label_first']]
    assert min(abs(a - b) for a in times for b in times if a != b) >= 0.5


def test_quality__of_scores_above_one_and_a_pose_on_another_person(tmp_path: Path) -> None:
    header = PoseHeader('walk.mp4', 25.0, posetrack_skeleton(), {})
    with PoseFile(tmp_path / 'poses.json', header) as file:
        for t in range(9):
            one = walker(2, t)._replace(id=1)
            one = one._replace(scores=one.scores * 1.2)
            other = walker(3, t)._replace(id=2, box=one.box + np.array([60, 0, 60, 0]))
            if t == 4:  # both skeletons are the first one's
                other = other._replace(keypoints=one.keypoints, scores=one.scores / 1.2)
            file.add(None, FramePoses(t, t / 25, '', (320, 180), (one, other)))
    recording = read_poses(tmp_path / 'poses.json')
    (path,) = export_poses(recording, tmp_path, ['quality'])
    quality = json.loads(path.read_text(encoding='utf-8'))
    assert [person['doubled'] for person in quality['persons']] == [[], [4]]
    assert quality['label_first'][0]['index'] == 4
    (page,) = export_poses(recording, tmp_path, ['page'])
    assert 'on another person in 1' in page.read_text(encoding='utf-8')


def test_quality__has_frames_to_look_at_however_sure_the_model_is(tmp_path: Path) -> None:
    header = PoseHeader('walk.mp4', 25.0, posetrack_skeleton(), {})
    with PoseFile(tmp_path / 'poses.json', header) as file:
        sure = walker(2, 0)
        sure = sure._replace(scores=sure.scores * 7, box=np.array([0.0, 0, 300, 300]))
        file.add(None, FramePoses(0, 0.0, '', (320, 180), (sure,)))
    (path,) = export_poses(read_poses(tmp_path / 'poses.json'), tmp_path, ['quality'])
    quality = json.loads(path.read_text())
    assert [one['index'] for one in quality['label_first']] == [0]
    assert quality['persons'][0]['mean_score'] == pytest.approx(0.9 * 7)


def data_of(page: Path) -> dict:
    text = page.read_text(encoding='utf-8')
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    return json.loads(data)


def test_report__its_film_is_inside_beside_or_not_there(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (page,) = export_poses(recording, tmp_path, ['page'])
    data = data_of(page)
    assert data['title'] == 'clips/</script> & walk.mp4'
    assert data['film'] is None
    assert data['duration'] == pytest.approx(COUNT / 25)
    first, second = data['persons']
    assert second['present'] == [[0.12, 0.24], [0.8, 0.92]]
    assert first['score'][:2] == [0.9, 0.9]
    assert first['speed'][1] == pytest.approx(2 * 25 / 120, abs=1e-3)
    assert second['score'].count(None) == 2  # lines end at a gap
    assert data['first'][0]['time'] == pytest.approx(WRONG / 25)

    write_film(tmp_path / 'film.mp4', [np.zeros((60, 80, 3), np.uint8)] * COUNT, 25)
    export_poses(recording, tmp_path, ['page'])
    assert data_of(page)['film'].startswith('data:video/mp4;base64,')
    monkeypatch.setattr('jmpose_mm.video.files.html_report.LARGEST_INSIDE', 10)
    export_poses(recording, tmp_path, ['page'])
    assert data_of(page)['film'] == 'film.mp4'
    assert LARGEST_INSIDE > 10
    # A film of other poses, which have more frames, is not theirs.
    write_film(tmp_path / 'film.mp4', [np.zeros((60, 80, 3), np.uint8)] * (COUNT + 1), 25)
    export_poses(recording, tmp_path, ['page'])
    assert data_of(page)['film'] is None


def test_report__nobody(tmp_path: Path) -> None:
    with PoseFile(tmp_path / 'poses.json', PoseHeader('x', None, posetrack_skeleton(), {})) as file:
        file.add(None, FramePoses(0, 0.0, '', (32, 24), ()))
    (page,) = export_poses(read_poses(tmp_path / 'poses.json'), tmp_path, ['page'])
    assert data_of(page)['persons'] == data_of(page)['first'] == []


DRIVER = """<script>
(async () => {
  const until = (name) => new Promise((done) => video.addEventListener(name, done, {once: true}));
  const seen = {};
  try {
    const ended = until('ended');
    await video.play(); await ended;
    seen.end = video.currentTime; seen.wide = video.videoWidth;
    const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
    let sought = until('seeked');
    canvas.dispatchEvent(new PointerEvent('pointerdown',
      {pointerId: 1, clientX: box.left + box.width / 4, clientY: box.top + 30, bubbles: true}));
    await sought; seen.clicked = video.currentTime;
    sought = until('seeked'); document.querySelector('#first button').click(); await sought;
    seen.first = video.currentTime;
  } catch (error) { seen.error = String(error); }
  console.log('SEEN ' + JSON.stringify(seen).replaceAll('"', "'"));
})();
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason='there is no Chromium here')
@pytest.mark.parametrize('inside', [True, False])
def test_report__plays_to_its_end_and_a_click_seeks(
    recording: Recording, tmp_path: Path, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not inside:
        monkeypatch.setattr('jmpose_mm.video.files.html_report.LARGEST_INSIDE', 10)
    frames = [np.full((60, 80, 3), 8 * t, np.uint8) for t in range(COUNT)]
    write_film(tmp_path / 'film.mp4', frames, 25)
    (page,) = export_poses(recording, tmp_path, ['page'])
    driven = tmp_path / 'driven.html'
    driven.write_text(page.read_text(encoding='utf-8') + DRIVER, encoding='utf-8')
    command = [str(CHROMIUM), '--headless=new', '--no-sandbox', '--disable-gpu']
    command += ['--autoplay-policy=no-user-gesture-required', '--enable-logging=stderr']
    command += [f'--user-data-dir={tmp_path / "profile"}', driven.as_uri()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as browser:
        assert browser.stderr is not None
        said = next((line for line in browser.stderr if 'SEEN' in line), '')
        browser.terminate()
    seen = json.loads(said[said.index('{') : said.index('}') + 1].replace("'", '"'))
    assert 'error' not in seen
    assert seen['end'] == pytest.approx(COUNT / 25, abs=0.01)
    assert seen['wide'] == 80
    assert seen['clicked'] == pytest.approx(COUNT / 25 / 4, abs=0.02)
    assert seen['first'] == pytest.approx(WRONG / 25, abs=0.001)
