"""Other forms of ``poses.json``: tables, COCO and PoseTrack18 annotations.

They are made frame by frame: memory does not grow with the video. Joints that are not finite are
empty in tables and (0, 0) with score 0, which means absent, in annotations.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.coco_writing import person_category, write_coco
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES
from jmpose_mm.video.files.cvat_export import write_cvat
from jmpose_mm.video.files.html_report import write_report
from jmpose_mm.video.files.quality_file import write_quality
from jmpose_mm.video.files.recordings import Recording, plain
from jmpose_mm.video.files.track_exports import NEEDED, TRACK_EXPORTS
from jmpose_mm.video.records import PIXEL_DIGITS, SCORE_DIGITS, FramePoses, PersonPose
from jmpose_mm.visualization.skeleton import Skeleton
from jmpose_mm.whole_files import whole_file

__all__ = ['EXPORTS', 'checked_formats', 'export_poses']

SCORE_RULE = 'score: of the box, times the mean of the scores of all joints'


def export_poses(
    recording: Recording, directory: str | Path, formats: str | Sequence[str] | None = None
) -> list[Path]:
    """Write poses in other forms, each file whole or not at all.

    Args:
        recording: Poses to write.
        directory: Folder to write into; it is made if it is missing.
        formats: Keys of `EXPORTS`, or one of them: ``'csv'`` (``poses.csv``, a row for each person
            and frame, and one for a frame without persons), ``'coco'``
            (``coco.json``; ids are ``track_id``) and ``'posetrack18'`` (``posetrack18.json``, for
            PoseTrack's 17 joints), ``'quality'`` (``quality.json``),
            ``'page'`` (``report.html``), ``'cvat'`` (``cvat.xml``), and those of
            :mod:`track_exports`: ``'openpose'``, ``'openpose-coco18'``, ``'pyskl'``,
            ``'deeplabcut'``, ``'deeplabcut-h5'``, ``'trc'``, ``'c3d'``. None for `USUAL`, as far as
            they are possible.

    Returns:
        The files.

    Raises:
        UsageError: A form is unknown or not possible.
    """
    written = []
    for form in checked_formats(recording.header.skeleton, formats):
        name, write = EXPORTS[form]
        write(recording, Path(directory, name))
        written.append(Path(directory, name))
    return written


def checked_formats(skeleton: Skeleton, formats: str | Sequence[str] | None = None) -> list[str]:
    """The forms that are asked for, all that are possible where none is.

    Raises:
        UsageError: One is unknown or not possible.
    """
    is_posetrack = skeleton.joints == FILE_JOINT_NAMES
    if formats is None:
        formats = [form for form in USUAL if is_posetrack or form != 'posetrack18']
    formats = [formats] if isinstance(formats, str) else formats
    for form in formats:
        if form not in EXPORTS:
            raise UsageError(f'formats: expected some of {", ".join(EXPORTS)}, got {form!r}')
    if 'posetrack18' in formats and not is_posetrack:
        raise UsageError(
            f"formats: posetrack18 needs PoseTrack's {len(FILE_JOINT_NAMES)} joints, the poses "
            f'have {", ".join(skeleton.joints)}'
        )
    for form in formats:
        missing = [name for name in NEEDED.get(form, ()) if find_spec(name) is None]
        if missing:
            raise UsageError(
                f'formats: {form} needs {", ".join(missing)}, not installed here: pip install '
                f'{" ".join(missing)}'
            )
    return list(formats)


def _write_csv(recording: Recording, path: Path) -> None:
    with whole_file(path) as unfinished:
        with unfinished.open('w', encoding='utf-8', newline='') as file:
            csv.writer(file, lineterminator='\n').writerows(_csv_rows(recording))


def _csv_rows(recording: Recording) -> Iterator[list[Any]]:
    joints = recording.header.skeleton.joints
    columns = [f'{joint}_{column}' for joint in joints for column in ('x', 'y', 'score')]
    yield ['index', 'time', 'id', 'left', 'top', 'right', 'bottom', 'box_score', *columns]
    for poses in recording:
        for person in poses.persons:
            places = plain(person.keypoints, PIXEL_DIGITS)
            scores = plain(person.scores, SCORE_DIGITS)
            values = [
                v for (x, y), score in zip(places, scores, strict=True) for v in (x, y, score)
            ]
            box = plain(person.box, PIXEL_DIGITS)
            yield [poses.index, poses.time, person.id, *box, person.box_score, *values]
        if not poses.persons:
            yield [poses.index, poses.time, *[''] * (6 + len(columns))]


def _write_coco(recording: Recording, path: Path) -> None:
    def image_entry(poses: FramePoses) -> dict[str, Any]:
        return {'width': poses.size[0], 'height': poses.size[1]}

    def annotation_entry(person: PersonPose) -> dict[str, Any]:
        triples, scores = _triples(person)
        triples[:, 2] = 2 * (scores > 0)  # 'labelled and visible'
        left, top, right, bottom = person.box
        return {
            'iscrowd': 0,
            'area': round(float((right - left) * (bottom - top)), PIXEL_DIGITS),
            'num_keypoints': int((scores > 0).sum()),
            'keypoints': plain(triples.ravel(), PIXEL_DIGITS),
        }

    _write_annotations(recording, path, image_entry, annotation_entry)


def _write_posetrack18(recording: Recording, path: Path) -> None:
    def image_entry(poses: FramePoses) -> dict[str, Any]:
        return {'frame_id': poses.index, 'vid_id': _video(recording), 'is_labeled': True}

    def annotation_entry(person: PersonPose) -> dict[str, Any]:
        triples, _ = _triples(person)
        return {'keypoints': plain(triples.ravel(), SCORE_DIGITS)}

    _write_annotations(recording, path, image_entry, annotation_entry)


USUAL = ('csv', 'coco', 'posetrack18', 'quality', 'page')
EXPORTS: dict[str, tuple[str, Callable[[Recording, Path], None]]] = {
    'csv': ('poses.csv', _write_csv),
    'coco': ('coco.json', _write_coco),
    'posetrack18': ('posetrack18.json', _write_posetrack18),
    'quality': ('quality.json', write_quality),
    'page': ('report.html', write_report),
    'cvat': ('cvat.xml', write_cvat),
    **TRACK_EXPORTS,
}


def _write_annotations(
    recording: Recording,
    path: Path,
    image_entry: Callable[[FramePoses], dict[str, Any]],
    annotation_entry: Callable[[PersonPose], dict[str, Any]],
) -> None:
    """What COCO and PoseTrack18 have in common; the callables give the rest of each entry."""
    header, skeleton = recording.header, recording.header.skeleton
    info = {'source': header.source, **header.protocol, 'score_rule': SCORE_RULE}
    links = [(first + 1, second + 1) for first, second in skeleton.edges]
    category = person_category(skeleton.joints, links, skeleton.category)

    def frames() -> Iterator[dict[str, Any]]:
        number = 0
        for poses in recording:
            name = poses.name or f'{_video(recording)}/{poses.index:06d}.jpg'
            image = {'id': poses.index, 'file_name': name, **image_entry(poses)}
            persons = []
            for position, person in enumerate(poses.persons, start=1):
                number += 1
                entry = {
                    'id': number,
                    'image_id': poses.index,
                    'category_id': 1,
                    # The official evaluator wants different ones in a frame, tracked or not.
                    'track_id': person.id or position,
                }
                persons.append(entry | _box_and_scores(person) | annotation_entry(person))
            yield {'images': [image], 'annotations': persons}

    write_coco(path, frames(), [category], {'info': info})


def _box_and_scores(person: PersonPose) -> dict[str, Any]:
    left, top, right, bottom = person.box
    scores = _triples(person)[1]
    score = person.box_score * float(scores.mean())
    return {
        'bbox': plain(np.asarray([left, top, right - left, bottom - top]), PIXEL_DIGITS),
        'score': round(score, SCORE_DIGITS),
        'scores': plain(scores, SCORE_DIGITS),
    }


def _triples(person: PersonPose) -> tuple[np.ndarray, np.ndarray]:
    """(K, 3) x, y, score and (K,) scores; zeros where a joint is not finite."""
    triples = np.column_stack((person.keypoints, person.scores)).astype(np.float64)
    triples[~np.isfinite(triples).all(axis=1)] = 0
    return triples, triples[:, 2].copy()


def _video(recording: Recording) -> str:
    return Path(recording.header.source).stem or 'video'
