"""What makes a study on the longer presets honest."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from jmpose_mm.datasets.synthetic import FACTORS, PRESETS, make_synthetic
from jmpose_mm.datasets.synthetic.scene import Person, draw_scene, frame_moment
from jmpose_mm.datasets.synthetic.settings import SEVERITIES
from jmpose_mm.datasets.synthetic.video import VideoJob

DOC = Path(__file__).parents[3] / 'docs/synthetic_data.md'
FRAMES = [frame_moment(frame) for frame in range(40)]


def people(split: str, videos: int) -> list[Person]:
    settings = PRESETS['study']
    jobs = [VideoJob(settings, 0, split, index, '') for index in range(videos)]
    return [person for job in jobs for person in draw_scene(settings, job.generator()).persons]


def proportions(person: Person) -> np.ndarray:
    return np.array([*person.body.lengths.values()]) / person.body.stature


def motion(person: Person) -> np.ndarray:
    """(40, 17, 3) joints around the middle of the hips, in statures."""
    points = person.frames.points[FRAMES, :17]
    return (points - points[:, 11:13].mean(1, keepdims=True)) / person.body.stature


def closest_motion(mine: np.ndarray, others: np.ndarray) -> float:
    """Mean distance of the joints to those of the most similar other at its best time shift."""
    return min(
        np.linalg.norm(
            mine[max(0, -s) : 40 - max(0, s)] - others[:, max(0, s) : 40 + min(0, s)], axis=-1
        )
        .mean((1, 2))
        .min()
        for s in range(-8, 9)
    )


def test_test_set__nobody_and_no_motion_was_seen_in_training() -> None:
    seen, unseen = people('train', 24), people('val', 8)
    bodies = np.stack([proportions(person) for person in seen])
    shirts = np.stack([person.appearance.torso for person in seen])
    motions = np.stack([motion(person) for person in seen])
    for person in unseen:
        assert np.abs(bodies / proportions(person) - 1).max(1).min() > 0.02
        assert np.abs(shirts - person.appearance.torso).mean((1, 2, 3, 4)).min() > 5
        assert closest_motion(motion(person), motions) > 0.015
    # The measure finds a copy that starts later.
    late = np.concatenate([motions[3][5:], motions[3][:5]])
    assert closest_motion(late, motions) < 1e-9


@pytest.fixture(scope='module')
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('study') / 'data'
    size = {'videos_train': 0, 'videos_val': 4, 'frames': 14}
    make_synthetic(out, 'study', seed=1, workers=1, progress=False, **size)
    return out


def test_neighbours__are_no_copies_of_the_key_frame(study: Path) -> None:
    """Between undegraded frames in a row, by person: grey levels within its box after smoothing,
    which removes the noise; way of the joints; and way around their mean, which leaves out the
    camera's and the person's own; both as shares of the height of its box."""
    document = json.loads((study / 'annotations/posetrack18_val.json').read_text())
    images = {image['id']: image for image in document['images']}
    pictures = {
        number: cv2.GaussianBlur(
            cv2.imread(str(study / image['file_name'])).astype(np.float32), (0, 0), 1.5
        )
        for number, image in images.items()
    }
    persons = {(a['image_id'], a['track_id']): a for a in document['annotations']}
    changes = []
    for (number, track), person in persons.items():
        following = persons.get((number + 1, track))
        if following is None or images[number]['degraded'] or images[number + 1]['degraded']:
            continue
        points, later = (np.reshape(a['keypoints'], (17, 3)) for a in (person, following))
        way = (later - points)[(points[:, 2] > 0) & (later[:, 2] > 0), :2]
        x, y, width, height = (max(0, int(v)) for v in person['bbox'])
        window = slice(y, y + height), slice(x, x + width)
        grey = np.abs(pictures[number + 1][window] - pictures[number][window]).mean()
        lengths = [np.linalg.norm(v, axis=1) / height for v in (way, way - way.mean(0))]
        changes.append([grey, np.median(lengths[0]), lengths[1].mean()])
    assert len(changes) > 20
    assert (np.min(changes, 0) > [1, 0.0005, 0.0002]).all()
    assert (np.median(changes, 0) > [4, 0.008, 0.005]).all()


def test_study__every_factor_occurs(study: Path) -> None:
    document = json.loads((study / 'annotations/posetrack18_val.json').read_text())
    counts = {name: sum(image[name] for image in document['images']) for name in FACTORS}
    assert min(counts.values()) > 0, counts


def test_doc__states_the_ranges_of_the_presets() -> None:
    rows = {}
    for line in DOC.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        rows[cells[0].strip('`')] = cells[1:]
    for column, name in enumerate(('demo', 'study', 'hard')):
        preset = PRESETS[name]
        for factor, (setting, meaning) in SEVERITIES.items():
            low, high = getattr(preset, setting)
            assert rows[factor][0] == meaning
            assert rows[factor][1 + column] == f'{low:g} to {high:g}'
        said = {
            'videos for training and testing': f'{preset.videos_train}, {preset.videos_val}',
            'frames a video, size': f'{preset.frames}, {preset.size[0]}×{preset.size[1]}',
            'people a video': '{} to {}'.format(*preset.persons),
            'chance that a person meets the one before it': f'{preset.crossing:g}',
            'frames between bursts': '{} to {}'.format(*preset.burst_gap),
            'chances of bursts of 1, 2, 3 frames': '{:g}, {:g}, {:g}'.format(*preset.burst_lengths),
            'chance that a burst has a second kind': f'{preset.second_kind:g}',
            'lifelike (see below)': 'yes' if preset.lifelike else 'no',
        }
        for row, cell in said.items():
            assert rows[row][column] == cell
