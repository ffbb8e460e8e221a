"""Detect the persons in the frames of a data set, and write the boxes to a file.

A number of a multi-frame method means little without its boxes, so the file names its detector.
Boxes are left, top, width, height in image pixels; scores lie between 0 and 1.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.detections import write_detections
from jmpose_mm.formats.frame_tables import FrameTables
from jmpose_mm.formats.persons import Image
from jmpose_mm.video.people.detectors import Detector
from jmpose_mm.video.people.found_boxes import found_boxes
from jmpose_mm.video.people.named_detectors import named_detector
from jmpose_mm.whole_files import alone_in, check_output

__all__ = ['make_boxes']


def make_boxes(
    ann_file: str | Path,
    images: str | Path,
    out: str | Path,
    detector: Detector | Callable[[np.ndarray], Any] | str,
    score_threshold: float = 0.05,
    progress: bool = True,
) -> dict[str, Any]:
    """Detect persons in all frames that an annotation file lists.

    The list has what all readers want: ``image_id`` (mmpose), ``image_name``, ``nframes`` and
    ``frame_id`` (the papers' code), and ``detector``. Interrupted, the same call goes on where it
    was; ``out`` appears when all frames are done.

    Args:
        ann_file: Annotation file, the data set's ``ann_file``.
        images: The folder that image names are relative to, as ``data_prefix['img']``.
        out: The JSON file to write.
        detector: Name of a detector, see :func:`named_detector`; or a function from an image
            (H, W, 3) in BGR to what :func:`found_boxes` takes, e.g. an array (N, 5) of left, top,
            right, bottom and score. Its name is recorded.
        score_threshold: Boxes below it are not written.
        progress: Show a progress bar.

    Returns:
        Counts: ``images``, ``missing_on_disk``, ``boxes``; and ``detector``.

    Raises:
        ValueError: The annotations are unusable, or a frame is no image.

    Example:
        >>> from jmpose_mm.datasets.synthetic import make_synthetic
        >>> tiny = {'videos_train': 0, 'videos_val': 1, 'frames': 3, 'size': (96, 72)}
        >>> counts = make_synthetic('data', workers=1, progress=False, **tiny)['counts']
        >>> file = 'data/annotations/posetrack18_val.json'
        >>> make_boxes(file, 'data', 'boxes.json', 'hog', progress=False)['images']
        3
    """
    out = Path(out)
    if not math.isfinite(score_threshold):
        raise UsageError(f'score_threshold: expected a number, got {score_threshold}')
    if score_threshold > 1:
        raise UsageError(
            f'score_threshold: expected a number up to 1, the highest score, got {score_threshold}'
        )
    _check_out(out, ann_file)
    if isinstance(detector, str):
        detector = named_detector(detector)
    elif not hasattr(detector, 'name'):
        detector = _FunctionDetector(detector)
    with alone_in(out.parent, f'.{out.name}.in_use'):
        return _boxes_made(ann_file, images, out, detector, score_threshold, progress)


class _FunctionDetector:
    """A user's function from an image to boxes, as a detector."""

    def __init__(self, find: Callable[[np.ndarray], Any]) -> None:
        self.find = find
        self.name = getattr(find, '__name__', type(find).__name__)

    def __call__(self, image: np.ndarray) -> list[tuple[list[float], float]]:
        found = found_boxes(self.find(image))
        sizes = found.boxes[:, 2:] - found.boxes[:, :2]
        boxes = np.concatenate([found.boxes[:, :2], sizes], axis=1)
        return list(zip(boxes.tolist(), found.scores.tolist(), strict=True))


def _boxes_made(
    ann_file: str | Path,
    images: str | Path,
    out: Path,
    detector: Detector,
    score_threshold: float,
    progress: bool,
) -> dict[str, Any]:
    annotations = read_annotations(ann_file, joint_names=())
    tables = FrameTables(str(images))
    names = json.dumps([image.name for image in annotations.images])
    header = {
        'detector': detector.name,
        'ann_file': str(ann_file),
        'images': hashlib.sha256(names.encode()).hexdigest(),
        'threshold': score_threshold,
    }
    unfinished = out.with_name(f'.{out.name}.unfinished.jsonl')
    done = _names_done(unfinished, header)
    summary = {'images': len(annotations.images), 'missing_on_disk': 0}
    with unfinished.open('a' if done else 'w', encoding='utf-8') as lines:
        if not done:
            lines.write(json.dumps(header))
        what = dict(desc=detector.name, unit='frame', disable=not progress)
        for image in tqdm(annotations.images, **what):
            video, number = tables.find(image.name)
            if number is None:
                summary['missing_on_disk'] += 1
            elif image.name not in done:
                frames = tables[video]
                found = _detected(frames[number], detector, score_threshold)
                entry = _box_entry(image, number, len(frames), detector.name)
                # Ids that are missing, or repeat in several files, find no frame.
                if annotations.image_ids is None:
                    del entry['image_id']
                boxes = [entry | {'bbox': box, 'score': score} for box, score in found]
                # The line break comes first: what a killed run has left of a line is then a line of
                # its own.
                lines.write('\n' + json.dumps({'done': image.name, 'boxes': boxes}))
                # What is flushed survives a kill: the same command goes on behind it.
                lines.flush()
    if summary['missing_on_disk'] == len(annotations.images):
        unfinished.unlink()
        raise ValueError(f'{images}: expected the images that {ann_file} lists, found none of them')
    return {**summary, 'boxes': _finish(unfinished, out), 'detector': detector.name}


def _check_out(out: Path, ann_file: str | Path) -> None:
    """Nothing but a box file of an earlier call is replaced."""
    if out.suffix != '.json':
        raise UsageError(f'out: expected a name that ends in .json, got {out}')
    check_output(out, [ann_file])
    if out.is_file():
        with out.open('rb') as file:
            start = file.read(1000)
        # An empty list, or boxes that this function has written.
        if start.split() != [b'[]'] and b'"detector":' not in start:
            raise UsageError(
                f'out: {out} is there and is no list of boxes made here; choose another name'
            )


def _names_done(unfinished: Path, header: dict[str, Any]) -> set[str]:
    """The frames that an interrupted run with the same settings has done."""
    if not unfinished.is_file():
        return set()
    entries = _entries(unfinished)
    return {entry['done'] for entry in entries[1:]} if entries and entries[0] == header else set()


def _entries(file: Path) -> list[dict[str, Any]]:
    entries = []
    for number, line in enumerate(file.read_text(encoding='utf-8', errors='replace').split('\n')):
        # the last line of a run that was killed is no JSON
        with suppress(ValueError, RecursionError, TypeError, KeyError):
            entry = json.loads(line)
            is_whole = number == 0 or (
                isinstance(entry['done'], str) and all('bbox' in box for box in entry['boxes'])
            )
            entries += [entry] if is_whole else []
    return entries


def _detected(file: str, detector: Detector, threshold: float) -> list[tuple[list[float], float]]:
    """Rounded boxes and scores of a frame, best first."""
    image = cv2.imread(file)  # upright, as data sets load it
    if image is None:
        raise ValueError(f'{file}: expected an image, found something else')
    found = [
        ([round(value, 3) for value in box], round(score, 5))
        for box, score in detector(image)
        if score >= threshold
    ]
    return sorted(found, key=lambda entry: (-entry[1], entry[0]))


def _box_entry(image: Image, number: int | None, frames: int, detector: str) -> dict[str, Any]:
    return {
        'image_id': image.image_id,
        'image_name': image.name,
        'category_id': 1,
        'nframes': frames,
        'frame_id': number,
        'detector': detector,
    }


def _finish(unfinished: Path, out: Path) -> int:
    """Gather the boxes of all frames; returns how many there are."""
    boxes = (box for entry in _entries(unfinished)[1:] for box in entry['boxes'])
    count = write_detections(out, boxes)
    unfinished.unlink()
    return count
