"""Samples made of annotated and of detected persons.

Axes: K keypoints. Boxes are xyxy, all coordinates image pixels.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.detections import Detections, detected_frames
from jmpose_mm.functional.crop import box_of_joints, clip_boxes, is_usable_box

__all__ = ['annotated_samples', 'detected_samples']

Frames = dict[int, dict[str, Any]]


def annotated_samples(
    tables: AnnotationTables, frames: Frames, counts: Counter[str]
) -> list[dict[str, Any]]:
    """A sample for each annotated person with labelled keypoints in a frame that is on disk.

    Args:
        tables: Content of the annotation files, without crowds.
        frames: Keys that all samples of a frame share, by the frame's index.
        counts: Counts, to which those of persons left out or mended are added.
    """
    persons = tables.persons
    finite = np.isfinite(persons.keypoints).all(axis=2)
    # Visibility 1 is labelled but hidden: it is learnt from, as in mmpose and COCO.
    labelled = finite & (persons.keypoints[..., 2] > 0)
    keypoints = np.where(finite[..., None], persons.keypoints[..., :2], 0.0)
    identities = _identities(tables)
    samples = []
    for row, image in enumerate(persons.image.tolist()):
        if not labelled[row].any():
            reason = 'without labelled keypoints'
        elif image not in frames:
            reason = 'in frames missing on disk'
        else:
            box, reason = _usable_box(tables, row, keypoints[row, labelled[row]], counts)
        if reason:
            counts[f'persons {reason}'] += 1
            continue
        counts['keypoints that are not finite'] += int((~finite[row]).sum())
        samples.append(
            _sample(frames[image], box, 1.0, identities[row])
            | {
                'keypoints': keypoints[row][None].astype(np.float32),
                'keypoints_visible': labelled[row][None].astype(np.float32),
                'num_keypoints': int(labelled[row].sum()),
                'track_id': persons.track_ids[row],
                'raw_ann_info': _entry(tables, row),
            }
        )
    return samples


def detected_samples(
    tables: AnnotationTables,
    detections: Detections,
    frames: Frames,
    threshold: float,
    counts: Counter[str],
) -> list[dict[str, Any]]:
    """A sample for each detected box in a frame that is on disk.

    Args:
        tables: Content of the annotation files, which list the frames.
        detections: The boxes.
        frames: Keys that all samples of a frame share, by the frame's index.
        threshold: Boxes of lower scores are left out.
        counts: Counts, to which those of boxes left out are added.
    """
    num_keypoints = len(tables.joint_names)
    images, odd = detected_frames(tables, detections)
    counts.update({f'detections {words}': n for words, n in (detections.odd + odd).items()})
    samples = []
    for number, (found, image) in enumerate(zip(detections.boxes, images, strict=True)):
        reason = ''
        # Written this way, a score that is not a number is left out too.
        if not found['score'] >= threshold:
            reason = f'below {threshold}'
        elif image is None:
            reason = 'of unknown images'
        elif image not in frames:
            reason = 'in frames missing on disk'
        elif not is_usable_box(found['box']):
            reason = 'without a usable box'
        if reason or image is None:
            counts[f'detections {reason}'] += 1
            continue
        samples.append(
            _sample(frames[image], found['box'], found['score'], number)
            | {
                'keypoints': np.zeros((1, num_keypoints, 2), dtype=np.float32),
                # Nothing is known of a detected person, but mmpose's transforms expect the keys.
                'keypoints_visible': np.ones((1, num_keypoints), dtype=np.float32),
                'num_keypoints': num_keypoints,
                'track_id': None,
            }
        )
    return samples


def _identities(tables: AnnotationTables) -> list[int | str]:
    """An id of its own for each person: that of the file, or where ids repeat, its place."""
    given = tables.persons.annotation_ids
    if None not in given and len(set(given)) == len(given):
        return [identity for identity in given if identity is not None]
    # Metrics tell samples by image and id: of two equal ones the second would not count.
    repeated = len(given) - len(set(given))
    if any(identity is not None for identity in given):
        tables.lost['persons with ids that are not their own, numbered anew'] += repeated
    return list(range(len(given)))


def _usable_box(
    tables: AnnotationTables, row: int, labelled: np.ndarray, counts: Counter[str]
) -> tuple[np.ndarray, str]:
    """The box, clipped where the image's size is known, and why it cannot be used, if it cannot."""
    image = tables.images[tables.persons.image[row]]
    box = tables.persons.boxes[row]
    if not tables.persons.boxed[row]:
        box = box_of_joints(labelled)
        counts['boxes made of joints'] += image.image_id is not None  # an annolist has none at all
        return box, ''
    if not is_usable_box(box):
        return box, 'without a usable box'
    if image.size is None:
        return box, ''
    # Boxes of PoseTrack reach beyond the image; mmpose's loaders clip them, too.
    clipped = clip_boxes(box, *image.size)
    if not is_usable_box(clipped):
        return box, 'with a box outside of the image'
    counts['boxes clipped'] += not np.array_equal(clipped, box)
    return clipped, ''


def _entry(tables: AnnotationTables, row: int) -> dict[str, Any]:
    """The file's own object, its keypoints in the data set's order: metrics of mmpose read it."""
    if not tables.persons.entries:
        return {}
    entry = tables.persons.entries[row]
    if all(names == tables.joint_names for names in tables.file_joints):
        return entry
    moved = {'keypoints': tables.persons.keypoints[row].ravel().tolist()}
    weights = entry.get('keypoint_weights')
    if weights is not None:
        moved['keypoint_weights'] = [weights[place] for place in _places(tables)]
    return entry | moved


def _places(tables: AnnotationTables) -> list[int]:
    """Place of each joint in the files, which must have one order."""
    (names, *others) = dict.fromkeys(tables.file_joints)
    if others:
        raise UsageError(
            'keypoint_weights: expected joints in one order in all annotation files, got '
            f'{len(others) + 1} orders'
        )
    return [names.index(name) for name in tables.joint_names]


def _sample(
    frame: dict[str, Any], box: np.ndarray, score: float, identity: int | str
) -> dict[str, Any]:
    """What annotated and detected persons have in common."""
    return {
        **frame,
        'id': identity,
        'bbox': np.asarray(box, dtype=np.float32)[None],
        'bbox_score': np.asarray([score], dtype=np.float32),
        'category_id': 1,
        'iscrowd': 0,
    }
