"""What differs between the data sets that are converted; `run_conversion` does what is common.

Coordinates are image pixels. A *document* is one video in COCO's layout, as the clip data sets read
it: ``images``, ``annotations`` and ``categories``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, UnidentifiedImageError

from jmpose_mm.errors import UsageError

__all__ = ['Converted', 'DatasetFormat', 'Video', 'first_folder', 'image_size', 'visible_files']

# Pictures are labelled and loaded upright, as browsers show them.
ORIENTATION = 0x0112  # tag of EXIF; from 5 on the picture lies on its side

# As in PoseTrack18, the last four digits of an image's id are its frame.
MAX_FRAMES = 10_000


@dataclass(frozen=True)
class Video:
    """One video to convert.

    Attributes:
        file: File of the video's annotations, relative to ``OUT/annotations``.
        splits: The merged files that it goes into.
        number: Number in the data set, >= 1: makes the ids of images.
        sources: The files that are read; the first one holds the annotations.
    """

    file: str
    splits: tuple[str, ...]
    number: int
    sources: tuple[Path, ...]

    def image_id(self, frame: int) -> int:
        """The id of a frame's image; frames count to 9999."""
        if not 0 <= frame < MAX_FRAMES:
            raise ValueError(f'{self.file}: expected frames below {MAX_FRAMES}, got {frame}')
        return self.number * MAX_FRAMES + frame


class Converted(NamedTuple):
    """The content of a video's annotation file, and what was left out or mended, counted."""

    content: dict[str, Any]
    left_out: Counter[str]


class DatasetFormat(ABC):
    """One data set as its makers give it.

    Args:
        src: Folder of the download.
        out: Folder of the converted data set.

    Attributes:
        name: Name of the data set on the command line.
        joint_names: Joints that the report counts.
        images: The download's folder of images; `videos` finds it.
        image_link: The name that it gets under ``out``, where one link does for all videos.
        copies_images: True where images are copied where links cannot be made.
        other_layout: Regular expression of how files of another release begin, which may lie in
            the same folders; they are left aside and counted.
        resumes: True where a video that an earlier run has finished is not converted again.
    """

    name: str
    joint_names: tuple[str, ...]
    images: Path
    image_link: str | None = None
    copies_images = False
    other_layout: bytes | None = None
    resumes = True

    def __init__(self, src: Path, out: Path) -> None:
        self.src, self.out = src, out

    @abstractmethod
    def videos(self) -> list[Video]:
        """All videos, in the order in which they are merged.

        Raises:
            ValueError: A folder of the download is missing.
        """

    @abstractmethod
    def convert(self, video: Video) -> Converted:
        """Read one video's annotations, and make its images reachable under their new names."""

    def document(self, content: dict[str, Any], video: Video) -> dict[str, Any]:
        """The form of a video in the merged file, made of its own file."""
        return content

    def merged_file(self, split: str) -> Path:
        """Path of the file that holds all videos of a split."""
        return self.out / 'annotations' / f'{self.name}_{split}.json'

    def release(self, videos: list[Video]) -> str:
        """The release of the data set, in words."""
        return f'{len(videos)} videos'

    def remarks(self) -> dict[str, Any]:
        """Entries of the report besides counts."""
        return {}


def visible_files(folder: Path, pattern: str = '*') -> list[Path]:
    """Entries of a folder by name, without the hidden ones that macOS leaves beside others."""
    return sorted(file for file in folder.glob(pattern) if not file.name.startswith('.'))


def first_folder(src: Path, what: str, *candidates: str) -> Path:
    """The first of some folders that is there.

    Raises:
        ValueError: None is.
    """
    for candidate in candidates:
        if (src / candidate).is_dir():
            return src / candidate
    raise ValueError(
        f'{src}: expected {what} in one of the folders {", ".join(candidates)}, found none; '
        'SRC is the folder that holds them'
    )


def image_size(file: Path) -> tuple[int, int]:
    """(width, height) in pixels as the picture is shown, read from its header.

    Raises:
        UsageError: The file is no image.
    """
    try:
        with Image.open(file) as image:
            wide, high = image.size
            turned = image.getexif().get(ORIENTATION, 1) >= 5
    except Image.DecompressionBombError as error:
        raise UsageError(f'{file}: expected an image of a usual size: {error}') from error
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise UsageError(f'{file}: expected an image, found something else') from error
    return (high, wide) if turned else (wide, high)
