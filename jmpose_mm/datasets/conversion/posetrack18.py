"""PoseTrack2018 and PoseTrack21: COCO's layout already, one file a video.

::

    SRC/images/{train,val}/000342_mpii_test/000000.jpg
    SRC/annotations/{train,val}/000342_mpii_test.json          2018, also below posetrack_data
    SRC/posetrack_data/{train,val}/000342_mpii_test.json       2021

    OUT/images                                                 a link
    OUT/annotations/{train,val}/000342_mpii_test.json          official, with the images' sizes
    OUT/annotations/posetrack{18,21}_{train,val}.json          merged
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from jmpose_mm.datasets.conversion.dataset_format import (
    Converted,
    DatasetFormat,
    Video,
    first_folder,
    image_size,
    visible_files,
)
from jmpose_mm.formats.frame_tables import FrameTables
from jmpose_mm.formats.json_files import field, numbers, place_in, read_id, read_json
from jmpose_mm.functional.evaluation.posetrack_persons import JOINT_NAMES

__all__ = ['PoseTrack18Format', 'PoseTrack21Format']

SPLITS = ('train', 'val')
RELEASES = {74: 'v0.2', 170: 'v0.45'}  # by the number of validation videos


class PoseTrack18Format(DatasetFormat):
    """PoseTrack2018; see above."""

    name = 'posetrack18'
    joint_names = JOINT_NAMES
    image_link = 'images'
    other_layout = rb'\s*\{\s*"annolist"'
    annotation_folders: tuple[str, ...] = ('annotations', 'posetrack_data/annotations')

    def videos(self) -> list[Video]:
        """All files of both splits."""
        root = first_folder(self.src, 'annotations', *self.annotation_folders)
        self.images = first_folder(self.src, 'images', 'images', 'posetrack_data/images')
        videos = []
        for split in SPLITS:
            for file in visible_files(root / split, '*.json'):
                videos.append(Video(f'{split}/{file.name}', (split,), len(videos) + 1, (file,)))
        if not videos:
            raise ValueError(f'{root}: expected train/*.json and val/*.json, found none')
        return videos

    def convert(self, video: Video) -> Converted:
        """Add sizes and what COCO's tools expect; ids and all else stay as they are."""
        source = video.sources[0]
        content = read_json(source)
        left_out: Counter[str] = Counter()
        tables = FrameTables(str(self.images))
        size: tuple[int, int] | None = None
        with place_in(source) as place:
            joints = len(field(content, 'categories', list)[0]['keypoints'])
            images = field(content, 'images', list)
            persons = field(content, 'annotations', list)
            for index, image in enumerate(images):
                place.at = f'images[{index}]'
                read_id(field(image, 'id', int, float, str), 'id')
                video, number = tables.find(field(image, 'file_name', str))
                left_out['frames missing on disk'] += number is None
                # A video has one size: the first image on disk tells it for all.
                if size is None and number is not None:
                    size = image_size(Path(tables[video][number]))
                if size is not None:
                    image['width'], image['height'] = size
            for index, person in enumerate(persons):
                place.at = f'annotations[{index}]'
                _complete(person, joints)
        content['annotations'] = self._kept(images, persons, left_out)
        return Converted(content, left_out)

    def release(self, videos: list[Video]) -> str:
        """v0.2 or v0.45: numbers of the two must not be compared."""
        count = sum('val' in video.splits for video in videos)
        known = ', '.join(f'{name} has {number}' for number, name in RELEASES.items())
        return f'{RELEASES.get(count, f"unknown release ({known})")}, {count} val videos'

    def _kept(
        self, images: list[dict[str, Any]], persons: list[dict[str, Any]], left_out: Counter[str]
    ) -> list[dict[str, Any]]:
        """The persons that go into the official ground truth."""
        return persons


class PoseTrack21Format(PoseTrack18Format):
    """PoseTrack21: the parent without the persons of frames that have no annotated joints.

    Such frames have boxes only. The official PoseTrack21 kit leaves them out by their
    ``is_labeled``; poseval, which most papers use, would count every prediction in them as wrong.
    """

    name = 'posetrack21'
    annotation_folders = ('posetrack_data', 'annotations')

    def release(self, videos: list[Video]) -> str:
        """There is one."""
        return f'{sum("val" in video.splits for video in videos)} val videos'

    def _kept(
        self, images: list[dict[str, Any]], persons: list[dict[str, Any]], left_out: Counter[str]
    ) -> list[dict[str, Any]]:
        unlabelled = {image['id'] for image in images if not image.get('is_labeled', True)}
        kept = [person for person in persons if person['image_id'] not in unlabelled]
        left_out['persons in frames without labels'] += len(persons) - len(kept)
        return kept


def _complete(person: dict[str, Any], joints: int) -> None:
    """Add what mmpose's merged files have besides the official fields."""
    for key in ('id', 'image_id'):
        read_id(field(person, key, int, float, str), key)
    labelled = 0
    if person.get('keypoints'):
        labelled = int((numbers(person['keypoints'], 'keypoints', 3 * joints)[2::3] > 0).sum())
    person.setdefault('num_keypoints', labelled)
    person.setdefault('iscrowd', False)
    if person.get('bbox'):
        box = numbers(person['bbox'], 'bbox', 4)
        person.setdefault('area', float(box[2] * box[3]))
