"""Predictions of single samples as one file of COCO's layout, whatever the joints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jmpose_mm.formats.coco_writing import person_category, write_coco
from jmpose_mm.formats.predictions import check_replaceable

from .reporting import LabelledMetric
from .sample_predictions import read_sample, unique_samples

__all__ = ['FILE', 'PredictionFile', 'write_sample_predictions']

FILE = 'predictions.json'
DIGITS = 3


def write_sample_predictions(
    folder: str | Path,
    records: Sequence[dict[str, Any]],
    dataset_meta: dict[str, Any],
    statements: dict[str, Any],
) -> Path:
    """Write ``predictions.json``: frames, persons with scores, and the skeleton.

    Args:
        folder: Folder to write into; it is made if it is missing.
        records: Records of `read_sample`, each sample once.
        dataset_meta: Names and links of the joints.
        statements: Further entries: ``info``, ``provenance``.

    Returns:
        The file.
    """
    images: dict[str, Any] = {}
    ids = {record['image']: record['image_id'] for record in records}
    if None in ids.values() or len(set(ids.values())) < len(ids):
        ids = {image: number for number, image in enumerate(ids, 1)}
    annotations: list[dict[str, Any]] = []
    for record in records:
        image = images.setdefault(record['image'], ids[record['image']])
        for row, points in enumerate(record['keypoints']):
            scores = record['scores'][row]
            triples = np.column_stack([points, scores]).round(DIGITS)
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': image,
                    'category_id': 1,
                    'sample': record['sample'][1],
                    'keypoints': triples.ravel().tolist(),
                    'score': round(float(record['box_scores'][row] * scores.mean()), 6),
                }
            )
    names = dataset_meta['keypoint_id2name']
    # COCO counts joints from 1.
    links = [[int(a) + 1, int(b) + 1] for a, b in dataset_meta.get('skeleton_links') or ()]
    kind = dataset_meta.get('category') or dataset_meta.get('dataset_name') or 'object'
    document = {
        'images': [{'id': number, 'file_name': name} for name, number in images.items()],
        'annotations': annotations,
        'categories': [person_category([names[k] for k in range(len(names))], links, kind)],
    }
    file = Path(folder, FILE)
    write_coco(file, [document], facts=statements, finite=False)
    return file


class PredictionFile(LabelledMetric):
    """Writes predictions and gives no number: beside metrics that write none.

    Args:
        out_dir: Folder to write into.
        **kwargs: Arguments of `LabelledMetric`.
    """

    default_prefix = 'predictions'

    def __init__(self, out_dir: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.out_dir = out_dir

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the predictions of a batch of data samples."""
        count = len(self.joints_of_dataset())
        if not self.results:
            check_replaceable(Path(self.out_dir, FILE))
        for sample in data_samples:
            record = read_sample(sample, count)
            self.results.append({**record, 'frame': record['sample'][0]})

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Write them."""
        statements = {'info': self.label, 'provenance': self.provenance}
        records = unique_samples(results)
        write_sample_predictions(self.out_dir, records, self.dataset_meta, statements)
        return {}
