"""The clip data set of PoseTrack 2017, 2018 and 2021."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import MMLogger
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.datasets.datasets.body import PoseTrack18Dataset

from jmpose_mm.datasets.body.annotation_files import AnnotationSet, read_annotations
from jmpose_mm.datasets.body.detection_files import read_detections
from jmpose_mm.datasets.body.frame_tables import FrameTables, frame_number, video_and_frame
from jmpose_mm.datasets.body.person_samples import labelled_keypoints, sample_of, usable_box
from jmpose_mm.functional.crop import is_usable_box
from jmpose_mm.functional.video_names import read_video_list
from jmpose_mm.registry import DATASETS

__all__ = ['PoseTrackClipDataset']


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
    box missing, not finite, reversed or empty      left out
    box reaching beyond the image                   clipped where the file tells the image's size
    keypoint not finite                             counts as not labelled
    annotation id used twice                        the later one is left out
    annotation of an unknown image                  left out
    annotation of another category than person      left out
    detection below the threshold                   left out, as are those of unknown images
    ==============================================  ===============================================

    All of these are counted in one line of the log. Detected boxes are not clipped, as in the
    released code. A file that cannot be read stops with its path and key.

    Args:
        bbox_score_threshold: Detections below it are left out; with ``bbox_file`` only.
        videos: Take key frames from these videos alone: their names or a text file of them, see
            :func:`jmpose_mm.functional.video_names.read_video_list`. None takes all.
        **kwargs: The parent's; ``data_mode`` is top-down, ``sample_interval`` counts frame numbers.

    Raises:
        ValueError: A file is unusable, no key frame is found on disk, two images of a folder have
            the same number, a video of ``videos`` is unknown, or no sample is left.
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
        super().__init__(*args, **kwargs)

    def get_data_info(self, idx: int) -> dict:
        """The sample, and its video's frames by number."""
        info = super().get_data_info(idx)
        info['video_frames'] = dict(self._tables[info['video']])
        return info

    def load_data_list(self) -> list[dict]:
        """One dict for each person, or detected box, in a key frame that is on disk."""
        annotations = self._annotations()
        if self.videos is not None:
            annotations.keep_videos(self.videos)
        self._tables = FrameTables(self.data_prefix['img'])
        self.detectors: tuple[str, ...] = ()
        counts = Counter({f'persons {k}': n for k, n in annotations.odd.items()})
        frames = self._frames_on_disk(annotations)
        read = self._detected if self.bbox_file else self._annotated
        samples = read(annotations, frames, counts)
        every = len(samples)
        samples = [s for s in samples if s['frame_number'] % self.sample_interval == 0]
        counts['samples between the intervals'] = every - len(samples)
        self._report(annotations, frames, samples, counts)
        return samples

    def _annotations(self) -> AnnotationSet:
        """All that the annotation files hold, in 0-based pixels."""
        names = self.metainfo['keypoint_id2name']
        return read_annotations(self.ann_file, [names[k] for k in range(len(names))])

    def _frames_on_disk(self, annotations: AnnotationSet) -> dict[int, dict]:
        """What every sample of an image shares, by image id, for those that are on disk."""
        frames = {}
        for image in annotations.images.values():
            number = frame_number(image.file_name)
            video = self._tables.video_of(image.file_name)
            if number in self._tables[video]:
                frames[image.image_id] = {
                    'img_id': image.image_id,
                    'img_path': self._tables[video][number],
                    'video': video,
                    'frame_number': number,
                }
        if annotations.images and not frames:
            missing = next(iter(annotations.images.values())).file_name
            raise ValueError(
                f'{self.ann_file}: none of its {len(annotations.images)} images is on disk, e.g. '
                f'{Path(self.data_prefix["img"], missing)}; check data_root and data_prefix'
            )
        return frames

    def _annotated(
        self, annotations: AnnotationSet, frames: dict[int, dict], counts: Counter[str]
    ) -> list[dict]:
        samples = []
        for person in annotations.persons:
            keypoints, labelled = labelled_keypoints(person)
            box, reason = usable_box(person.box, annotations.images[person.image_id])
            if person.is_crowd:
                reason = 'crowd'
            elif not labelled.any():
                reason = 'without labelled keypoints'
            elif person.image_id not in frames:
                reason = 'in frames missing on disk'
            if reason:
                counts[f'persons {reason}'] += 1
                continue
            finite = np.isfinite(person.keypoints).all(axis=1)
            counts['keypoints that are not finite'] += int((~finite).sum())
            counts['boxes clipped'] += not np.array_equal(box, person.box)
            samples.append(
                sample_of(frames[person.image_id], box, 1.0, person.annotation_id)
                | {
                    'keypoints': keypoints[None].astype(np.float32),
                    'keypoints_visible': labelled[None].astype(np.float32),
                    'num_keypoints': int(labelled.sum()),
                    'track_id': person.track_id,
                    'raw_ann_info': person.raw,
                }
            )
        return samples

    def _detected(
        self, annotations: AnnotationSet, frames: dict[int, dict], counts: Counter[str]
    ) -> list[dict]:
        by_name = not annotations.has_image_ids
        detections, self.detectors = read_detections(self.bbox_file, by_name)
        if any(isinstance(found['image'], str) for found in detections):
            self._replace_names(annotations, detections)
        num_keypoints = self.metainfo['num_keypoints']
        samples = []
        for index, found in enumerate(detections):
            reason = ''
            if not found['score'] >= self.bbox_score_threshold:
                reason = f'below {self.bbox_score_threshold}'
            elif found['image'] not in annotations.images:
                reason = 'of unknown images'
            elif found['image'] not in frames:
                reason = 'in frames missing on disk'
            elif not is_usable_box(found['box']):
                reason = 'without a usable box'
            if reason:
                counts[f'detections {reason}'] += 1
                continue
            samples.append(
                sample_of(frames[found['image']], found['box'], found['score'], index)
                | {
                    'keypoints': np.zeros((1, num_keypoints, 2), dtype=np.float32),
                    'keypoints_visible': np.ones((1, num_keypoints), dtype=np.float32),
                    'num_keypoints': num_keypoints,
                    'track_id': None,
                }
            )
        return samples

    def _replace_names(self, annotations: AnnotationSet, detections: list[dict]) -> None:
        """Put image ids where detections give file names; names that are unknown stay."""
        ids: dict[tuple, int] = {}
        for image in annotations.images.values():
            key = video_and_frame(image.file_name)
            if ids.setdefault(key, image.image_id) != image.image_id:
                raise ValueError(
                    f'{self.ann_file}: expected each folder and frame name once, so that the '
                    f'names in {self.bbox_file} have one meaning, got {key} twice'
                )
        for found in detections:
            if isinstance(found['image'], str):
                found['image'] = ids.get(video_and_frame(found['image']), found['image'])

    def _report(
        self,
        annotations: AnnotationSet,
        frames: dict[int, dict],
        samples: list[dict],
        counts: Counter[str],
    ) -> None:
        populated = {person.image_id for person in annotations.persons}
        counts['frames missing on disk'] = len(annotations.images) - len(frames)
        counts['frames without persons'] = len(annotations.images) - len(populated)
        counts |= self._tables.counts()
        line = (
            f'{self.ann_file}: {len(samples)} samples in '
            f'{len({sample["img_id"] for sample in samples})} frames of '
            f'{len({sample["video"] for sample in samples})} videos, '
            f'boxes: {self.bbox_file or "ground truth"}{_found_by(self.detectors)}; '
            'left out or mended: '
            f'{", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing"}'
        )
        if not samples:
            raise ValueError(f'{line}; expected at least one sample')
        MMLogger.get_current_instance().info(line)


def _found_by(detectors: tuple[str, ...]) -> str:
    return f' ({", ".join(detectors)})' if detectors else ''
