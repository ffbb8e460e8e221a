"""The report as a whole: its numbers against the evaluator's, and the frames that it picks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from official_evaluations import AT_HAND

from jmpose_mm.apis.analysis import analyze_results
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.functional.evaluation.posetrack_ap import group_means, mean_over_joints, posetrack_ap
from jmpose_mm.functional.evaluation.posetrack_persons import select_frames

OFFICIAL = {
    '02_mmpose_perturbed': 78.2324,
    '03_edge_cases': 49.6941,
    '04_edge_nan': 69.6429,
    '06_real2_dcpose_style': 70.2314,
    '09_edge_pt18': 80.1185,
}


def table(report: Path, title: str) -> dict[str, dict[str, str]]:
    """The rows of the table in a section, by their first cells."""
    section = re.split(rf'^#+ {re.escape(title)}$', report.read_text(encoding='utf-8'), flags=re.M)[
        1
    ]
    lines = re.findall(r'^\|(.*)\|$', re.split(r'^#', section, flags=re.M)[0], flags=re.M)
    header, _, *rows = ([cell.strip() for cell in line.split('|')] for line in lines)
    return {row[0].strip('*'): dict(zip(header, row, strict=True)) for row in rows}


@pytest.mark.parametrize('folder', AT_HAND, ids=lambda folder: folder.name)
def test_joints__are_the_official_numbers(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / 'expected.json').read_text())
    report = analyze_results([folder / 'pred'], folder / 'gt', tmp_path)
    assert f'**Mean AP: pred {OFFICIAL[folder.name]:.2f}**' in report.read_text()
    rows = table(report, 'Joints')
    for joint, value in zip(expected['joint_names'][:-1], expected['ap'], strict=False):
        assert rows[joint.replace('_', ' ')]['AP'] == ('–' if value is None else f'{value:.1f}')
    for group, value in expected['groups'].items():
        row = rows['mean' if group == 'Mean' else group]
        assert row['AP'] == ('–' if value is None else f'{value:.1f}')
    assert [rows[j.replace('_', ' ')]['annotated'] for j in expected['joint_names'][:-1]] == [
        f'{count:,}' for count in expected['n_gt_joints']
    ]


def test_one_run__tables_hold_the_evaluators_numbers(write_run, truth_file, tmp_path) -> None:
    folder = write_run('plain', 1.0, 5.0)
    report = analyze_results([folder], truth_file, tmp_path / 'out')
    frames = read_annotations(truth_file)
    truth, predictions = frames.truth(), read_annotations(folder).predictions()
    degraded = np.asarray([frame.flags['degraded'] for frame in frames.images])
    videos = np.asarray([frame.name.split('/')[2] for frame in frames.images])
    parts = {('Images by degraded', 'yes'): degraded, ('Images by degraded', 'no'): ~degraded}
    parts |= {('Videos', video): videos == video for video in np.unique(videos).tolist()}
    for (title, name), chosen in parts.items():
        kept = select_frames(truth, predictions, chosen)
        ap = posetrack_ap(*kept, frames.ignored()).ap
        row = table(report, title)[name]
        assert row['AP'] == f'{mean_over_joints(ap):.1f}'
        assert row['Wrist'] == f'{group_means(ap)["Wrist"]:.1f}'
        assert row['frames'] == str(len(np.unique(kept[0].frame)))
        assert row['persons'] == str(len(kept[0].frame))
    assert float(table(report, 'Images by degraded')['no']['AP']) > 80
    text = report.read_text()
    for said in ('ground truth', 'keypoint*box', 'no flip test', 'None is drawn'):
        assert said in text


def test_one_run__ranges_cover_all_persons_and_pictures_are_there(
    write_run, truth_file, tmp_path
) -> None:
    folder = write_run('plain', 1.0, 5.0)
    report = analyze_results([folder], truth_file, tmp_path / 'out', bins=2)
    persons = int(table(report, 'Videos')['all']['persons'])
    for title in ('Size of the head', 'Speed of motion'):
        rows = table(report, title)
        assert rows.pop('all')['persons'] == str(persons)
        assert sum(int(row['persons']) for row in rows.values()) == persons
        assert len(rows) >= 2
    shown = re.findall(r'\]\((\S+\.png)\)', report.read_text())
    assert {'joints.png', 'videos.png', 'field_degradation.png', 'speed.png'} <= set(shown)
    written = {path.name for path in report.parent.iterdir()}
    assert written == {*shown, 'analysis.md'}


def test_one_run__tracks_may_be_named_by_words(write_run, truth_file, tmp_path) -> None:
    folder = write_run('plain', 1.0, 5.0)
    content = json.loads(truth_file.read_text())
    for person in content['annotations']:
        person['track_id'] = f'walker {person["track_id"]}'
    named = tmp_path / 'named.json'
    named.write_text(json.dumps(content))
    files = (truth_file, named)
    reports = [analyze_results([folder], f, tmp_path / f'{i}') for i, f in enumerate(files)]
    first, second = (table(report, 'Speed of motion') for report in reports)
    assert first == second
    assert len(first) > 1


def test_two_runs__changes_and_frames(write_run, truth_file, data_root, tmp_path) -> None:
    before, after = write_run('before', 1.0, 8.0), write_run('after', 1.0, 2.0)
    report = analyze_results([before, after], truth_file, tmp_path / 'out', data_root, num_frames=3)
    rows = table(report, 'Images by degraded')
    assert rows['no']['Δ AP'] == '+0.0'
    change = float(rows['yes']['AP, after']) - float(rows['yes']['AP, before'])
    assert change > 20
    assert float(rows['yes']['Δ AP']) == pytest.approx(change, abs=0.11)
    assert float(rows['yes']['Δ Wrist']) > 10
    joints = table(report, 'Joints')
    assert all(float(row['Δ AP']) > 0 for row in joints.values())
    assert all(float(row['Δ recall']) > 0 for row in joints.values())
    assert 'None by more than' in report.read_text().split('Frames where before is better')[1]
    flags = {
        (frame.name.split('/')[2], str(int(frame.name[-10:-4]))): frame.flags['degraded']
        for frame in read_annotations(truth_file).images
    }
    better = table(report, 'Frames where after is better')
    assert better
    assert all(flags[video, row['frame']] for video, row in better.items())
    assert all(float(r['error, before']) > float(r['error, after']) for r in better.values())
    for file in ('worst_1.png', 'worst_2.png', 'gains.png'):
        picture = cv2.imread(str(report.parent / file))
        assert picture.shape[1] == 10 + 4 * 330  # image, before, after, truth
    assert not (report.parent / 'losses.png').exists()


def test_one_run__notes_are_shown_and_own_pages_stay(write_run, truth_file, tmp_path) -> None:
    run = write_run('far', 1e4, 1e4)
    report = analyze_results([run], truth_file, tmp_path / 'out', bins=1)
    (line,) = (line for line in report.read_text().splitlines() if line.startswith('Note on far'))
    assert 'lie far from all annotated ones' in line
    analyze_results([run], truth_file, tmp_path / 'out', bins=1)  # its own page
    report.write_text('my own notes')
    with pytest.raises(UsageError, match=f'{report} is there and is no page that was made here'):
        analyze_results([run], truth_file, tmp_path / 'out', bins=1)
    assert report.read_text() == 'my own notes'


def test_two_runs__of_different_boxes_are_told_apart(write_run, truth_file, tmp_path) -> None:
    one, other = write_run('one', 1.0, 5.0), write_run('other', 1.0, 5.0, boxes='detector.json')
    text = analyze_results([one, other], truth_file, tmp_path / 'out').read_text()
    assert 'The runs differ in boxes: what changes is not the model alone.' in text
    same = analyze_results(
        [one, one], truth_file, tmp_path / 'same', names=['a', 'b|c']
    ).read_text()
    assert 'differ in' not in same
    assert 'Δ +0.00' in same
    assert r'| AP, b\|c |' in same


def test_frames__are_found_by_video_and_number(write_run, truth_file, tmp_path) -> None:
    folder = write_run('plain', 1.0, 5.0)
    reports = []
    for name, where in (('whole', truth_file), ('folder', truth_file.parent / 'val')):
        reports.append(analyze_results([folder], where, tmp_path / name).read_text())
    first, second = (re.sub(r'Truth: `.*?`', '', text) for text in reports)
    assert first == second
    file = min(folder.glob('*.json'))
    content = json.loads(file.read_text())
    content['images'].reverse()
    file.write_text(json.dumps(content))
    again = analyze_results([folder], truth_file, tmp_path / 'again').read_text()
    assert re.sub(r'Truth: `.*?`', '', again) == first


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'names': ['a', 'b']}, r"names: expected 1 different ones, got \['a', 'b'\]"),
        ({'bins': 0}, 'bins: expected at least 1, got 0'),
        ({'num_frames': 0}, 'frames: expected at least 1, got 0'),
    ],
)
def test_arguments__are_checked(write_run, truth_file, tmp_path, arguments, message) -> None:
    folder = write_run('plain', 1.0, 5.0)
    with pytest.raises(ValueError, match=message):
        analyze_results([folder], truth_file, tmp_path / 'out', **arguments)
    with pytest.raises(ValueError, match='results: expected one or two folders, got 3'):
        analyze_results([folder] * 3, truth_file, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
