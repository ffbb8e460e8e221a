"""Own labels as a data set to convert; what differs from official downloads.

::

    SRC                                          label files and images, in any layout

    OUT/annotations/{train,val}/VIDEO.json       one file a video
    OUT/annotations/{train,val}.json             merged
    OUT/images/VIDEO/000012.jpg                  links, or frames of a film
    OUT/metainfo.py                              the skeleton
    OUT/configs/                                 ready to train
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from jmpose_mm.datasets.conversion.dataset_format import Converted, DatasetFormat, Video
from jmpose_mm.datasets.conversion.own_data.film_frames import ReadFilm
from jmpose_mm.datasets.conversion.own_data.frame_images import FilmFrames, write_images
from jmpose_mm.datasets.conversion.own_data.options import OwnOptions
from jmpose_mm.datasets.conversion.own_data.splits import held_out_videos
from jmpose_mm.datasets.conversion.own_data.survey import Survey, survey_labels
from jmpose_mm.formats.coco_writing import person_category

__all__ = ['OwnFormat']


class OwnFormat(DatasetFormat):
    """Own labels; see above.

    Args:
        src: File or folder of labels.
        out: Folder of the data set.
        options: Rules by which labels are understood.
        read_film: Reads films.
    """

    name = 'coco'
    resumes = False

    def __init__(self, src: Path, out: Path, options: OwnOptions, read_film: ReadFilm) -> None:
        super().__init__(src, out)
        self.options, self.read_film = options, read_film

    @cached_property
    def survey(self) -> Survey:
        """A survey of the labels; nothing is written for it."""
        found = survey_labels(self.src, self.out, self.options)
        self.joint_names = found.skeleton.joints
        return found

    @cached_property
    def held_out(self) -> set[str]:
        """Names of the videos for validation."""
        counts = {
            name: sum(bool(image.persons) for image in images.values())
            for name, images in self.survey.labelled.items()
        }
        return held_out_videos({n: c for n, c in counts.items() if c}, self.options.val)

    def videos(self) -> list[Video]:
        """All videos with a label."""
        splits = {
            name: 'val' if name in self.held_out else 'train' for name in self.survey.labelled
        }
        return [
            Video(f'{split}/{name}.json', (split,), number, (self.survey.file,))
            for number, (name, split) in enumerate(splits.items(), 1)
        ]

    def convert(self, video: Video) -> Converted:
        """Make the video's images, and its labels as entries."""
        survey, name = self.survey, _video_name(video)
        labelled, film = survey.labelled[name], survey.films.get(name)
        taken = film and FilmFrames(film, self.read_film, self.options.neighbours)
        files, offset = write_images(
            survey.videos[name], labelled, self.out / 'images' / name, taken, self.copies_images
        )
        if offset and film is not None:
            survey.said.append(f'{name}: labels count the frames of {film.name} from {-offset}')
        image_id, person_id = self._first_ids(name)
        images, annotations = [], []
        left_out: Counter[str] = Counter()
        for number, image in sorted(labelled.items()):
            image_id, rows = image_id + 1, image.persons
            if number not in files:
                left_out['labelled frames that the film does not have'] += 1
                continue
            entry = {'id': image_id, 'file_name': f'{name}/{files[number].name}', 'vid_id': name}
            if image.size is not None:
                entry |= {'width': image.size[0], 'height': image.size[1]}
            images.append({**entry, 'source': str(image.path)})
            for row in rows:
                person_id += 1
                annotations.append({'id': person_id, 'image_id': image_id, **row})
        if video.splits == ('train',):  # counts of all files together
            left_out += survey.lost
            survey.lost = Counter()
        content = {'images': images, 'annotations': annotations, 'categories': [self._category()]}
        return Converted(content, left_out)

    def merged_file(self, split: str) -> Path:
        """The data set's own names."""
        return self.out / 'annotations' / f'{split}.json'

    def release(self, videos: list[Video]) -> str:
        """Number of videos, and of what."""
        return f'{len(videos)} videos of {self.survey.skeleton.category}'

    def remarks(self) -> dict[str, Any]:
        """Lines about what was understood, and the options."""
        held_out = ', '.join(sorted(self.held_out)) or 'nothing'
        said = [*self.survey.said, f'held out for validation, whole videos: {held_out}']
        return {'understood': said, 'options': asdict(self.options)}

    def samples(self) -> int:
        """Number of labelled animals to train on."""
        return sum(
            len(image.persons)
            for name, images in self.survey.labelled.items()
            if name not in self.held_out
            for image in images.values()
        )

    def _first_ids(self, name: str) -> tuple[int, int]:
        """Ids of the image and the person before the first of a video."""
        images = persons = 0
        for other, labelled in self.survey.labelled.items():
            if other == name:
                break
            images += len(labelled)
            persons += sum(len(image.persons) for image in labelled.values())
        return images, persons

    def _category(self) -> dict[str, Any]:
        skeleton = self.survey.skeleton
        joints = list(skeleton.joints)
        links = [[joints.index(a) + 1, joints.index(b) + 1] for a, b in skeleton.links]
        return person_category(joints, links, skeleton.category, 'own')


def _video_name(video: Video) -> str:
    return PurePosixPath(video.file).name.removesuffix('.json')
