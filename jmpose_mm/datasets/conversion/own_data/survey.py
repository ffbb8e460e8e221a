"""Own labels, looked through before anything is written: joints, videos, frames, films."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from jmpose_mm.datasets.conversion.own_data.categories import read_categories, taken_categories
from jmpose_mm.datasets.conversion.own_data.film_frames import films_of_videos
from jmpose_mm.datasets.conversion.own_data.image_files import ImageFiles
from jmpose_mm.datasets.conversion.own_data.labelled_frames import (
    LabelledImage,
    read_labelled_images,
)
from jmpose_mm.datasets.conversion.own_data.options import OwnOptions
from jmpose_mm.datasets.conversion.own_data.skeletons import LabelledSkeleton, skeleton_of_labels
from jmpose_mm.datasets.conversion.own_data.videos import OwnVideo, grouped_into_videos, numbered
from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.labels import read_labels

__all__ = ['Survey', 'survey_labels']


@dataclass
class Survey:
    """The content of own labels.

    Attributes:
        skeleton: The joints.
        file: The first label file.
        videos: Videos with a labelled frame, by name.
        labelled: Labelled images of each video, by frame number.
        films: Film of each video that has one.
        spacing: Milliseconds between frames where they are counted by time, else None.
        lost: Counts of what was left out or mended, by words.
        said: Lines about what was understood.
    """

    skeleton: LabelledSkeleton
    file: Path
    videos: dict[str, OwnVideo] = field(default_factory=dict)
    labelled: dict[str, dict[int, LabelledImage]] = field(default_factory=dict)
    films: dict[str, Path] = field(default_factory=dict)
    spacing: float | None = None
    lost: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)

    def copies(self) -> tuple[int, int]:
        """Number of labelled frames without any other frame within 2 steps, and of all."""
        alone = total = 0
        for name, images in self.labelled.items():
            total += len(images)
            if name in self.films:
                continue
            numbers = np.asarray([f.number for f in self.videos[name].frames if f.file is not None])
            steps = np.diff(np.sort(numbers))
            # Numbers of every fifth frame have a step of 5: their neighbours are 5 and 10 away.
            step = self.spacing or (np.gcd.reduce(steps) if len(steps) > 1 else 1)
            for number in images:
                away = np.abs(numbers - number)
                alone += not ((away > 0) & (away <= 2 * step)).any()
        return alone, total


def survey_labels(src: Path, out: Path, options: OwnOptions) -> Survey:
    """Look through all labels.

    Args:
        src: File or folder of labels; ``options.also`` are further ones.
        out: Folder that is made, which may lie in ``src`` and is not looked into.
        options: Rules by which labels are understood.

    Raises:
        UsageError: Something cannot be used.
    """
    options.check()
    sources = [src, *map(Path, options.also)]
    labels = [one for source in sources for one in read_labels(source, [out])]
    categories, aside = taken_categories(read_categories(labels), options.category)
    skeleton = skeleton_of_labels(categories, options.joints, options.flip_pairs, options.links)
    found = Survey(skeleton, labels[0].file)
    programs = Counter(one.program for one in labels)
    found.said.append('label files: ' + ', '.join(f'{n} of {p}' for p, n in programs.items()))
    found.said += [*skeleton.said, *aside]
    roots = [source if source.is_dir() else source.parent for source in sources]
    roots += [Path(options.images)] if options.images else []
    files = ImageFiles(roots, [out])
    images = read_labelled_images(labels, categories, skeleton, files, found.lost)
    _find_videos(found, images, files, options)
    _check_images(found, images, roots)
    return found


def _find_videos(
    found: Survey, images: list[LabelledImage], files: ImageFiles, options: OwnOptions
) -> None:
    by_key = {image.file or image.path: image for image in images}
    named: list[tuple[PurePosixPath, Path | None]] = [(i.path, i.file) for i in images]
    beside = {file for image in images if image.file for file in files.beside(image.file)}
    named += [(files.relative(f), f) for f in sorted(beside) if f not in by_key]
    pattern = options.video_pattern
    filmed = options.films is not None and options.frames == 'auto'
    count = 'number' if filmed else options.frames
    for name, members in sorted(grouped_into_videos(named, pattern).items()):
        if not any((file or path) in by_key for path, file in members):
            continue
        video = numbered(name, members, count, pattern)
        found.videos[name] = video
        found.labelled[name] = {
            frame.number: by_key[key]
            for frame in video.frames
            if (key := frame.file or PurePosixPath(frame.name)) in by_key
        }
    if options.films is not None:
        found.films = films_of_videos(list(found.videos.values()), Path(options.films))
    _say_frames(found)


def _say_frames(found: Survey) -> None:
    counts = {video.count for video in found.videos.values()}
    if counts == {'time'}:
        steps = [np.diff([f.number for f in v.frames]) for v in found.videos.values()]
        joined = np.concatenate(steps)
        found.spacing = float(np.median(joined)) if len(joined) else None
    elif 'time' in counts:
        raise UsageError(
            'frames: expected time stamps in the names of all videos or of none, got both; '
            'number or order count them alike'
        )
    frames = {name: len(images) for name, images in found.labelled.items()}
    found.said.append(
        f'videos: {len(frames)}, labelled frames: '
        + listed((f'{name} {count}' for name, count in frames.items()), 12)
    )
    for name, images in found.labelled.items():
        named = sorted({image.video for image in images.values() if image.video is not None})
        if len(named) > 1:
            found.said.append(
                f'{name}: label files name {len(named)} videos there ({listed(named, 5)}), which '
                'are taken for one: windows cross from one to the other'
            )
    found.said += [video.said for video in found.videos.values() if video.said][:8]
    for name, film in list(found.films.items())[:12]:
        found.said.append(f'{name}: neighbours are taken from {film}')


def _check_images(found: Survey, images: list[LabelledImage], roots: list[Path]) -> None:
    filmed = {image.path for name in found.films for image in found.labelled[name].values()}
    missing = [i for i in images if i.file is None and i.path not in filmed]
    found.lost['images missing on disk'] = len(missing)
    if missing and 2 * len(missing) >= len(images):
        raise UsageError(
            f'{missing[0].path}: expected images below {listed(roots, 3)}, got '
            f'{len(images) - len(missing)} of {len(images)}; name their folder by `images`, or '
            'films with the frames by `films`'
        )
