"""The clip data set of Sub-JHMDB."""

from __future__ import annotations

import numpy as np
from mmpose.datasets.datasets.body import JhmdbDataset

from jmpose_mm.datasets.body.posetrack_clip_dataset import PoseTrackClipDataset
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.registry import DATASETS

__all__ = ['SubJhmdbClipDataset']


@DATASETS.register_module()
class SubJhmdbClipDataset(PoseTrackClipDataset):
    """The parent with JHMDB's 15 joints, one person in a frame.

    Files are those of ``tools/convert_dataset.py sub-jhmdb`` or mmpose's own: both keep Matlab's
    coordinates, in which the top left pixel of an image is (1, 1). Reading subtracts 1, as mmpose
    does.

    Example:
        >>> issubclass(SubJhmdbClipDataset, PoseTrackClipDataset)
        True
    """

    METAINFO = JhmdbDataset.METAINFO

    def _annotations(self) -> AnnotationTables:
        annotations = super()._annotations()
        persons = annotations.persons
        annotations.persons = persons._replace(
            keypoints=persons.keypoints - np.array([1, 1, 0]), boxes=persons.boxes - 1
        )
        return annotations
