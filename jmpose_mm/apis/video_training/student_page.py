"""``report.html`` of a training on films: what was learnt from, and what changed; one file."""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from jmpose_mm.apis.clip_sheets import draw_clip_sheets
from jmpose_mm.apis.video_training.differences import Difference, largest_differences
from jmpose_mm.apis.video_training.pseudo_labels import FilmLabels
from jmpose_mm.engine.configs import load_config
from jmpose_mm.video.files.html_report import page_style
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.video.poses.loading import dataset_meta
from jmpose_mm.video.records import FramePoses
from jmpose_mm.visualization.comparison import Panel, Row, comparison_picture
from jmpose_mm.visualization.skeleton import skeleton_of
from jmpose_mm.whole_files import whole_file

__all__ = ['Student', 'write_page']

TEMPLATE = Path(__file__).with_name('student_page.html')
CLIPS, CHANGES = 12, 8
PANEL = (300, 300)
QUALITY = 88
HEAD = ('film', 'frames', 'trained on', 'persons in them', 'mean weight', 'true labels')


class Student(NamedTuple):
    """What was made.

    Attributes:
        films: Path of each film, by its name.
        labels: Labels, by film.
        chosen: Frames that are trained on, by film.
        teacher: The teacher's poses, by film.
        student: The student's.
        config: The student's config.
        weights: The student's weights.
    """

    films: Mapping[str, str]
    labels: Mapping[str, FilmLabels]
    chosen: Mapping[str, Sequence[int]]
    teacher: Mapping[str, Sequence[FramePoses]]
    student: Mapping[str, Sequence[FramePoses]]
    config: Path
    weights: Path


def write_page(path: Path, made: Student, facts: Mapping[str, str]) -> None:
    """Write the page.

    Args:
        path: Where to.
        made: Results of the work.
        facts: Further facts for its head, by name.
    """
    parts = {
        'STYLE': page_style(),
        'TITLE': html.escape(f'{facts["method"]} from {len(made.films)} films'),
        'FACTS': html.escape('; '.join(f'{name}: {value}' for name, value in facts.items())),
        'FILMS': _table(made),
        'SHEETS': _sheets(made.config),
        'CHANGES': _changes(made),
        'COMMANDS': html.escape(
            f'python tools/infer_video.py FILM {made.config} {made.weights}\n'
            f'python tools/test.py {made.config} {made.weights}\n'
            f'python tools/browse_dataset.py {made.config}'
        ),
    }
    page = TEMPLATE.read_text(encoding='utf-8')
    for name, text in parts.items():
        page = page.replace(f'__{name}__', text)
    with whole_file(path) as unfinished:
        unfinished.write_text(page, encoding='utf-8')


def _table(made: Student) -> str:
    rows = [HEAD]
    for name, labels in made.labels.items():
        chosen = made.chosen[name]
        persons = [entry for index in chosen for entry in labels.frames[index]]
        weights = [np.minimum(entry['keypoint_weights'], 1) for entry in persons]
        mean = f'{np.mean(weights):.2f}' if weights else ''
        true = f'{labels.matched} matched, {labels.added} added'
        cells = (name, len(labels.frames), len(chosen), len(persons), mean, true)
        rows.append(tuple(str(cell) for cell in cells))
    lines = [
        ''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)
        for tag, row in zip(['th', *['td'] * len(rows)], rows, strict=False)
    ]
    return '<table>' + ''.join(f'<tr>{line}</tr>' for line in lines) + '</table>'


def _sheets(config: Path) -> str:
    """Clips as the training's pipeline makes them."""
    with tempfile.TemporaryDirectory() as folder:
        files = draw_clip_sheets(config, folder, CLIPS)
        return '\n'.join(_picture(file.read_bytes(), 'samples') for file in files)


def _changes(made: Student) -> str:
    found = largest_differences(made.teacher, made.student, CHANGES)
    if not found:
        return '<p>Teacher and student have no person in common.</p>'
    skeleton = skeleton_of(dataset_meta(load_config(str(made.config)).test_dataloader.dataset))
    images = _frames(made.films, found)
    rows = [
        Row(
            f'{one.film}, frame {one.index}, person {one.persons[0].id}',
            images[one.film, one.index],
            [
                Panel(person.keypoints[None], person.scores[None] >= np.median(person.scores) / 2)
                for person in one.persons
            ],
        )
        for one in found
    ]
    picture = comparison_picture(('teacher', 'student'), rows, PANEL, skeleton)
    encoded = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return _picture(encoded.tobytes(), 'teacher and student')


def _frames(
    films: Mapping[str, str], found: Sequence[Difference]
) -> dict[tuple[str, int], np.ndarray]:
    """(H, W, 3) pictures of the frames, by film and index."""
    pictures = {}
    for name, film in films.items():
        wanted = {one.index for one in found if one.film == name}
        if not wanted:
            continue
        for frame in open_source(film, start=min(wanted), end=max(wanted) + 1):
            if frame.index in wanted:
                pictures[name, frame.index] = frame.image
    return pictures


def _picture(data: bytes, what: str) -> str:
    address = base64.b64encode(data).decode('ascii')
    return f'<p><img alt="{what}" src="data:image/jpeg;base64,{address}"></p>'
