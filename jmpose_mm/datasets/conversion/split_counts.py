"""Counts of what was converted: a table to read and an object to store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jmpose_mm.errors import listed
from jmpose_mm.functional.crop import is_usable_box, xywh_to_xyxy
from jmpose_mm.tables import plain_table

__all__ = ['SplitCounts', 'counts_table']

ROWS = {
    'videos': 'videos',
    'frames': 'frames',
    'labelled_frames': 'labelled frames',
    'persons': 'persons',
    'boxes': 'usable boxes',
    'ignore_regions': 'ignore regions',
}


@dataclass
class SplitCounts:
    """Counts over the videos of one split.

    A frame is labelled where its file says so, or has persons where the file does not say. A joint
    counts where x, y and the third number are not all 0, as in the official evaluation. A usable
    box is finite and has an extent.
    """

    videos: int = 0
    frames: int = 0
    labelled_frames: int = 0
    persons: int = 0
    boxes: int = 0
    ignore_regions: int = 0
    joints: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, document: dict[str, Any], left_out: dict[str, int]) -> None:
        """Count one video in COCO's layout."""
        images, persons = document['images'], document['annotations']
        populated = {person['image_id'] for person in persons}
        self.videos += 1
        self.frames += len(images)
        self.persons += len(persons)
        self.labelled_frames += sum(
            bool(image.get('is_labeled', image['id'] in populated)) for image in images
        )
        self.ignore_regions += sum(len(image.get('ignore_regions_x') or []) for image in images)
        self.left_out.update(left_out)
        names = document['categories'][0]['keypoints']
        for person in persons:
            triples = np.asarray(person.get('keypoints') or [], dtype=np.float64).reshape(-1, 3)
            self.joints.update(names[k] for k in np.flatnonzero((triples != 0).any(axis=1)))
            box = np.asarray(person.get('bbox') or np.full(4, np.nan), dtype=np.float64)
            self.boxes += is_usable_box(xywh_to_xyxy(box))

    def to_dict(self, joint_names: tuple[str, ...]) -> dict[str, Any]:
        """Counts as plain values; joints without annotations have 0."""
        counts: dict[str, Any] = {name: getattr(self, name) for name in ROWS}
        counts['joints'] = {name: self.joints[name] for name in joint_names}
        counts['left_out_or_mended'] = dict(self.left_out)
        return counts


def counts_table(report: dict[str, Any]) -> str:
    """The report as text, one column for each split."""
    splits: dict[str, dict[str, Any]] = report['splits']
    rows = [['', *splits]]
    rows += [[words, *(str(c[name]) for c in splits.values())] for name, words in ROWS.items()]
    joints = [counts['joints'] for counts in splits.values()]
    rows.append(['annotated joints', *(str(sum(counts.values())) for counts in joints)])
    rows += [[f'  {name}', *(str(counts[name]) for counts in joints)] for name in joints[0]]
    lines = list(report.get('understood', ()))
    lines += [f'{report["dataset"]}, {report["release"]}: {report["source"]}', plain_table(rows)]
    for split, counts in splits.items():
        left_out = counts['left_out_or_mended']
        said = ', '.join(f'{count} {what}' for what, count in left_out.items() if count)
        lines.append(f'left out or mended in {split}: {said or "nothing"}')
    if 'other_files' in report:
        lines.append(f'left aside: {report["other_files"]} files of another release')
    if 'stale_files' in report:
        lines.append(
            f'not of this conversion, but in OUT/annotations: {listed(report["stale_files"], 4)}; '
            'remove them, lest an evaluation of the folder reads them'
        )
    if 'images' in report:
        lines.append(
            f'images are not linked, which this system does not allow: configs find them by '
            f'data_prefix.img={report["images"]} (or convert with --copy)'
        )
    return '\n'.join(lines)
