"""PoseTrack2017: one ``annolist`` a video, as ``.mat`` or ``.json``, and frames of many names.

::

    SRC/annotations/{train,val}/000342_mpii_relpath_5sec_testsub.{mat,json}
    SRC/images/bonn_5sec/000342_mpii/00000001.jpg        or 06115.jpg, or 00000012_crop.jpg

    OUT/images_renamed/bonn_5sec/000342_mpii/00000001.jpg          links; counted from 1
    OUT/annotations/{train,val}/000342_mpii_relpath_5sec_testsub.json    official, new names
    OUT/jsons/posetrack_{train,val}.json                           merged, COCO's layout
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from jmpose_mm.datasets.conversion.annolist_videos import (
    coco_document,
    frame_image,
    read_annolist_file,
)
from jmpose_mm.datasets.conversion.dataset_format import (
    Converted,
    DatasetFormat,
    Video,
    first_folder,
    image_size,
    visible_files,
)
from jmpose_mm.datasets.conversion.links import check_inside, inner_path, is_link_to, link_file
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES
from jmpose_mm.formats.json_files import place_in
from jmpose_mm.functional.evaluation.posetrack_persons import FILE_JOINT_NAMES, JOINT_NAMES
from jmpose_mm.whole_files import whole_folder

__all__ = ['PoseTrack17Format', 'renamed_frames']

SPLITS = ('train', 'val')


class PoseTrack17Format(DatasetFormat):
    """PoseTrack2017; see above."""

    name = 'posetrack17'
    joint_names = JOINT_NAMES
    other_layout = rb'\s*\{\s*"(images|annotations|categories)"'

    def videos(self) -> list[Video]:
        """All ``.json`` and ``.mat`` files; of two with one stem the first kind is taken."""
        root = first_folder(self.src, 'annotations', 'annotations', 'posetrack_data/annotations')
        self.images = first_folder(self.src, 'images', 'images', 'posetrack_data/images')
        videos = []
        for split in SPLITS:
            # JSON comes last, so that it replaces the Matlab file of the same stem below.
            files = [*visible_files(root / split, '*.mat'), *visible_files(root / split, '*.json')]
            for stem, file in sorted({file.stem: file for file in files}.items()):
                videos.append(Video(f'{split}/{stem}.json', (split,), len(videos) + 1, (file,)))
        if not videos:
            raise ValueError(f'{root}: expected train/*.mat or train/*.json, found none')
        return videos

    def convert(self, video: Video) -> Converted:
        """Link the frames under their numbers, and rename them in the annotations."""
        left_out: Counter[str] = Counter()
        frames = read_annolist_file(video.sources[0], FILE_JOINT_NAMES, left_out)
        with place_in(video.sources[0], 'annolist'):
            names = [PurePosixPath(frame_image(frame)['name']) for frame in frames]
            folders = {name.parent for name in names}
            if len(folders) != 1:
                raise ValueError(f'expected images of one folder, got {sorted(map(str, folders))}')
            folder = str(folders.pop()).removeprefix('images/')
            inner_path(folder, 'name')
            source = self.images / folder
            files = _in_order(source) if source.is_dir() else []
            numbers, links = renamed_frames([name.name for name in names], files)
        left_out['frames missing on disk'] += sum(number not in links for number in numbers)
        if links:
            self._link(self.out / 'images_renamed' / folder, links, source)
        size = image_size(next(iter(links.values()))) if links else None
        for frame, name, number in zip(frames, names, numbers, strict=True):
            image: dict[str, Any] = {'name': f'images/{folder}/{number:08d}.jpg'}
            image |= {'original_name': str(name), 'nframes': max(len(links), len(frames))}
            if size is not None:
                image |= {'width': size[0], 'height': size[1]}
            frame['image'] = [image]
        return Converted({'annolist': frames}, left_out)

    def document(self, content: dict[str, Any], video: Video) -> dict[str, Any]:
        """In PoseTrack18's joint order, with boxes around the joints."""
        return coco_document(content['annolist'], video, FILE_JOINT_NAMES)

    def merged_file(self, split: str) -> Path:
        """Named as in the bundle that the papers' code reads."""
        return self.out / 'jsons' / f'posetrack_{split}.json'

    def _link(self, folder: Path, links: dict[int, Path], source: Path) -> None:
        check_inside(self.out, [folder])
        wanted = {f'{number:08d}.jpg': file for number, file in links.items()}
        present = [*folder.iterdir()] if folder.is_dir() else []
        # What file managers leave in every folder that somebody looks into.
        present = [file for file in present if file.name not in ('.DS_Store', 'Thumbs.db')]
        if {file.name for file in present} == wanted.keys() and all(
            file.exists() and file.samefile(wanted[file.name]) for file in present
        ):
            return
        # Links of an earlier run may go; a file of the user's never does.
        if not all(is_link_to(file, source) for file in present):
            raise UsageError(f'{folder}: expected nothing or links, found files of another origin')
        with whole_folder(folder) as unfinished:
            for number, file in links.items():
                link_file(file, unfinished / f'{number:08d}.jpg', self.copies_images)


def renamed_frames(names: list[str], files: list[Path]) -> tuple[list[int], dict[int, Path]]:
    """Number the frames of a video from 1.

    Where all annotated names are on disk, a frame's number is its place among the files, so that
    frames that are not annotated keep theirs. Where none is and there are as many files as names,
    they are paired in order. Otherwise the place in the annotations counts, and frames without
    their file are missing.

    Args:
        names: File names in the annotations, in time order.
        files: The images on disk in time order.

    Returns:
        The number of each annotated frame, and the image of each number that has one.
    """
    place = {file.name: number for number, file in enumerate(files, 1)}
    in_order = dict(enumerate(files, 1))
    if names and all(name in place for name in names):
        return [place[name] for name in names], in_order
    numbers = list(range(1, len(names) + 1))
    if len(names) == len(files) and not any(name in place for name in names):
        return numbers, in_order
    return numbers, {k: files[place[name] - 1] for k, name in enumerate(names, 1) if name in place}


def _in_order(folder: Path) -> list[Path]:
    """Images by the number that their names start with, e.g. ``00000012_crop.jpg``."""

    def number(file: Path) -> int:
        found = re.match(r'\d+', file.name)
        if found is None:
            raise ValueError(f'{file}: expected a name that starts with a number')
        return int(found.group())

    files = [file for file in visible_files(folder) if file.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(files, key=number)
