"""Labels of films as a data set with its skeleton and a config that trains on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jmpose_mm.apis.video_training.chosen_frames import write_pictures
from jmpose_mm.apis.video_training.image_models import ImageModel
from jmpose_mm.apis.video_training.pseudo_labels import FilmLabels, labels_document
from jmpose_mm.datasets.conversion.own_data.config_facts import ConfigFacts, Teacher
from jmpose_mm.datasets.conversion.own_data.configs import config_texts
from jmpose_mm.datasets.conversion.own_data.skeletons import metainfo_text
from jmpose_mm.formats.coco_writing import write_coco
from jmpose_mm.video.frames.sources import open_source
from jmpose_mm.whole_files import whole_file

__all__ = ['student_facts', 'write_student_data']

ANNOTATIONS = 'annotations/train.json'


def student_facts(start: ImageModel, method: str, samples: int, teacher: Teacher) -> ConfigFacts:
    """What the student's config depends on."""
    return ConfigFacts(
        category=start.skeleton.category,
        joints=len(start.joints),
        samples=samples,
        held_out=False,
        milliseconds=None,
        backbone=start.backbone,
        method=method,
        input_size=start.input_size,
        teacher=teacher,
    )


def write_student_data(
    folder: Path,
    films: Mapping[str, str],
    labels: Mapping[str, FilmLabels],
    chosen: Mapping[str, Sequence[int]],
    start: ImageModel,
    method: str,
    teacher: Teacher,
) -> list[Path]:
    """Write annotations, pictures, skeleton and configs.

    Args:
        folder: Where to.
        films: Path of each film, by its name.
        labels: Labels of each film.
        chosen: Indices of the frames that are trained on.
        start: Model that the student starts as.
        method: Method of the student.
        teacher: Teacher, as the config names it.

    Returns:
        The files, and the folders of pictures.
    """
    sizes = {}
    pictures = []
    for name, film in films.items():
        if chosen[name]:
            pictures.append(folder / 'images' / name)
            sizes[name] = write_pictures(open_source(film), chosen[name], pictures[-1])
    document = labels_document(labels, chosen, start.joints, sizes=sizes)
    write_coco(folder / ANNOTATIONS, [document])
    persons = len(document['annotations'])
    texts = config_texts(student_facts(start, method, persons, teacher))
    skeleton = metainfo_text(start.skeleton, f'{len(start.joints)} joints')
    files = {
        'metainfo.py': skeleton,
        **{f'configs/{name}': text for name, text in texts.items()},
    }
    for name, text in files.items():
        with whole_file(folder / name) as unfinished:
            unfinished.write_text(text, encoding='utf-8')
    return [folder / ANNOTATIONS, *(folder / name for name in files), *pictures]
