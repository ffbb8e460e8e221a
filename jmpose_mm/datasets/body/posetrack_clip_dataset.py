"""The clip data set of PoseTrack 2017, 2018 and 2021."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import MMLogger
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.datasets.datasets.body import PoseTrack18Dataset

from jmpose_mm.datasets.body.misread_values import misread_remark
from jmpose_mm.datasets.body.person_samples import annotated_samples, detected_samples
from jmpose_mm.datasets.body.skipped_samples import counts_text, coverage_remark, joint_order_remark
from jmpose_mm.datasets.body.window_counts import still_windows_remark
from jmpose_mm.datasets.runs import Run, prepare_run
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.annotation_tables import AnnotationTables
from jmpose_mm.formats.annotations import read_annotations
from jmpose_mm.formats.detections import read_detections
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES, path_text
from jmpose_mm.formats.frame_tables import FrameTables
from jmpose_mm.formats.video_lists import read_video_list
from jmpose_mm.functional.joint_sides import check_mirror, unpaired_sides
from jmpose_mm.registry import DATASETS
from jmpose_mm.worker_processes import end_loader_worker_with_parent

__all__ = ['PoseTrackClipDataset']

_SUFFIXES = [suffix.removeprefix('.') for suffix in IMAGE_SUFFIXES]
_UNEXPECTED = (
    'detections of unknown images',
    'detections with the id of another image than their name',
    'detections listed twice',
    'persons in frames missing on disk',
    'detections in frames missing on disk',
)
_NO_LABELS = ': a split without annotations needs a bbox_file'


@DATASETS.register_module()
class PoseTrackClipDataset(BaseCocoStyleDataset):
    """Persons in key frames, each with a table of its video's frames.

    One class for all generations: ``ann_file`` is a merged file, one video's file or a directory of
    them, in PoseTrack18's layout or PoseTrack17's ``annolist``. Frames are known by the number at
    the end of their file names, so that counting from 0 with six digits and from 1 with eight are
    the same thing. Which frames a video has is what its directory holds. Image names are relative
    to ``data_prefix['img']``, with or without their leading ``images/``.

    ==============================================  ===============================================
    in the files                                    rule
    ==============================================  ===============================================
    key frame missing on disk                       its persons are left out
    support frame missing on disk                   replaced when sampled, see `support_frames`
    video of fewer frames than a window             frames repeat, see `support_frames`
    frame without persons                           gives no sample
    crowd, or person without labelled keypoints     left out
    box missing                                     the box around the labelled joints
    box not finite, reversed, empty or outside      left out
    box reaching beyond the image                   clipped where the file tells the image's size
    keypoint not finite                             counts as not labelled
    annotation id used twice                        persons are numbered anew
    annotation of an unknown image                  left out
    annotation of a category with other joints      left out
    detection below the threshold                   left out, as are those of unknown images
    ==============================================  ===============================================

    All of these are counted in one line of the log; losses that nobody would expect, and windows
    made of copies of their key frame, are warnings too. Detected boxes are not clipped, as in the
    released code. A file that cannot be read stops with its path and key; see docs/formats.md.

    Args:
        bbox_score_threshold: Detections below it are left out; with ``bbox_file`` only.
        videos: Take key frames from these videos alone: their names or a text file of them, see
            :func:`jmpose_mm.formats.video_lists.read_video_list`. None takes all.
        **kwargs: The parent's; ``data_mode`` is top-down, ``sample_interval`` counts frame numbers.

    Raises:
        ValueError: A file is unusable, no key frame is found on disk, two images of a folder have
            the same number, a video of ``videos`` is unknown, or no sample is left.

    Example:
        >>> from jmpose_mm.datasets.synthetic import make_synthetic
        >>> tiny = {'videos_train': 0, 'videos_val': 1, 'frames': 3, 'size': (96, 72)}
        >>> counts = make_synthetic('data', workers=1, progress=False, **tiny)['counts']
        >>> data = PoseTrackClipDataset('annotations/posetrack18_val.json', data_root='data')
        >>> len(data) == counts['val']['annotations'], sorted(data[0]['video_frames'])
        (True, [0, 1, 2])
    """

    METAINFO = PoseTrack18Dataset.METAINFO

    def __init__(
        self,
        *args,
        bbox_score_threshold: float = 0.0,
        videos: str | Sequence[str] | None = None,
        **kwargs,
    ) -> None:
        if kwargs.get('data_mode', 'topdown') != 'topdown':
            raise ValueError(f"data_mode: expected 'topdown', got {kwargs['data_mode']!r}")
        self.bbox_score_threshold = bbox_score_threshold
        self.videos = None if videos is None else read_video_list(videos)
        super().__init__(*map(path_text, args), **path_text(kwargs))

    def get_data_info(self, idx: int) -> dict:
        """The sample, and its video's frames by number."""
        info = super().get_data_info(idx)
        info['video_frames'] = dict(self._tables[info['video']])
        return info

    def prepare_data(self, idx: int | Run) -> dict:
        """The parent's, or of a :class:`Run` what :func:`prepare_run` makes of it."""
        end_loader_worker_with_parent()
        if not isinstance(idx, Run):
            return super().prepare_data(idx)
        keys, neighbours = (
            [self.get_data_info(i) | {'dataset': self} for i in part]
            for part in (idx.keys, idx.neighbours)
        )
        return prepare_run(keys, neighbours, self.pipeline.transforms, idx.crop)

    def load_data_list(self) -> list[dict]:
        """One dict for each person, or detected box, in a key frame that is on disk."""
        self._check_flip_pairs()
        annotations = self.truth()
        self._tables = FrameTables(self.data_prefix['img'])
        self._tables.split(annotations.images)
        self.detectors: tuple[str, ...] = ()
        counts = annotations.odd
        frames = self._frames_on_disk(annotations)
        if self.bbox_file:
            detections = read_detections(self.bbox_file, by_name=annotations.image_ids is None)
            self.detectors = detections.detectors
            least = self.bbox_score_threshold
            samples = detected_samples(annotations, detections, frames, least, counts)
        else:
            samples = annotated_samples(annotations, frames, counts)
        every, covered = len(samples), {sample['img_id'] for sample in samples}
        samples = [s for s in samples if s['frame_number'] % self.sample_interval == 0]
        counts['samples between the intervals'] = every - len(samples)
        self._report(annotations, frames, samples, covered)
        return samples

    def truth(self) -> AnnotationTables:
        """Everybody who is annotated, whatever boxes samples have; crowds are left out."""
        return self._annotations().without_crowds()

    def _check_flip_pairs(self) -> None:
        try:
            check_mirror(self._names, self._metainfo['flip_indices'])
        except ValueError as error:
            raise UsageError(f'metainfo: {error}') from error
        alone = unpaired_sides(self._names, self._metainfo['flip_indices'])
        if alone:
            MMLogger.get_current_instance().warning(
                f'metainfo: {listed(alone)} change places with nothing in a mirrored picture, '
                'though their names say a side: name the other joint as `swap`'
            )

    @property
    def _names(self) -> list[str]:
        names = self._metainfo['keypoint_id2name']
        return [names[k] for k in range(len(names))]

    def _annotations(self) -> AnnotationTables:
        """All that the annotation files hold, in 0-based pixels."""
        return read_annotations(self.ann_file, self._names, self.videos, entries=True)

    def _frames_on_disk(self, annotations: AnnotationTables) -> dict[int, dict]:
        """What every sample of an image shares, by the image's index, for those on disk."""
        twice = annotations.index().repeated()
        if twice is not None:
            one, other = (annotations.images[place] for place in twice)
            raise UsageError(
                f'{other.source}: expected each image once, got {other.name}, which {one.source} '
                f'lists as {one.name} too'
            )
        ids = annotations.image_ids or range(len(annotations.images))
        frames = {}
        for index, (image, identity) in enumerate(zip(annotations.images, ids, strict=True)):
            video, number = self._tables.find(image.name)
            if number is not None:
                frames[index] = {
                    'img_id': identity,
                    'img_path': self._tables[video][number],
                    'video': video,
                    'frame_number': number,
                }
                known = {'frame_rate': image.frame_rate, 'annotated_size': image.size}
                frames[index] |= {key: value for key, value in known.items() if value is not None}
        if annotations.images and not frames:
            missing = annotations.images[0].name
            raise UsageError(
                f'{self.ann_file}: none of its {len(annotations.images)} images is on disk, e.g. '
                f'{Path(self.data_prefix["img"], missing)}; expected images ({" ".join(_SUFFIXES)})'
                ' with a number in their names; check data_root and data_prefix'
            )
        return frames

    def _report(
        self,
        annotations: AnnotationTables,
        frames: dict[int, dict],
        samples: list[dict],
        covered: set[int | str],
    ) -> None:
        """Log what there is and what is left out; warn of losses that nobody would expect."""
        counts, lost = annotations.odd, annotations.lost
        populated = len(np.unique(annotations.persons.image))
        lost['frames missing on disk'] = len(annotations.images) - len(frames)
        lost |= Counter({name: counts.pop(name) for name in _UNEXPECTED if name in counts})
        counts['frames without persons'] = len(annotations.images) - populated
        counts |= self._tables.counts()
        line = (
            f'{self.ann_file}: {len(samples)} samples in '
            f'{len({sample["img_id"] for sample in samples})} frames of '
            f'{len({sample["video"] for sample in samples})} videos, '
            f'boxes: {self.bbox_file or "ground truth"}{_found_by(self.detectors)}; '
            f'left out or mended: {counts_text(lost + counts) or "nothing"}'
        )
        if not samples:
            hint = '' if not annotations.unlabelled else _NO_LABELS
            raise UsageError(f'{line}; expected at least one sample{hint}')
        logger = MMLogger.get_current_instance()
        logger.info(line)
        refused = counts[f'detections below {self.bbox_score_threshold}']
        meant = 2 * refused > sum(n for what, n in counts.items() if what.startswith('detections'))
        transforms = getattr(self.pipeline, 'transforms', ())
        unexpected = counts_text(lost)
        try:
            warnings = (
                f'left out or mended, against expectation: {unexpected}' if unexpected else '',
                coverage_remark(annotations, covered, counts_text(lost + counts), meant),
                still_windows_remark(samples, self._tables.__getitem__, transforms),
                joint_order_remark(annotations),
                misread_remark(annotations, samples, bool(self.bbox_file)),
            )
        except UsageError as error:
            raise UsageError(f'{self.ann_file}: {error}') from error
        for said in warnings:
            if said:
                logger.warning(f'{self.ann_file}: {said}')


def _found_by(detectors: tuple[str, ...]) -> str:
    return f' ({", ".join(detectors)})' if detectors else ''
