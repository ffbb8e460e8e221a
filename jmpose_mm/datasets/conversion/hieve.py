"""HiEve, Human in Events: one ``annolist`` a video, and the videos themselves.

::

    SRC/labels/train/track2&3/1.json ... 19.json         poses; also labels/track2&3
    SRC/videos/train/1.mp4 ... 19.mp4                    also videos; or images/1/000000.jpg ...

    OUT/images/1/000000.jpg ...                          extracted, or a link to extracted ones
    OUT/annotations/{train,val}/1.json                   official, images named 1/000000.jpg
    OUT/annotations/hieve_{train,val}.json               merged, COCO's layout

The labels of the 13 test videos are not public: for numbers of one's own, some of the 19 labelled
videos are held out as ``val``. Boxes are those of bodies; there are none of heads. Folders may lie
in ``SRC/HIE20``, the name that the download has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
from tqdm import tqdm

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
from jmpose_mm.datasets.conversion.links import link_folder
from jmpose_mm.errors import UsageError
from jmpose_mm.formats.frame_names import IMAGE_SUFFIXES
from jmpose_mm.functional.joint_names import HIEVE_JOINTS
from jmpose_mm.whole_files import whole_folder

__all__ = ['VAL_VIDEOS', 'HieveFormat']

VAL_VIDEOS = ('4', '8', '12', '16')
"""Every fourth of the labelled videos: our choice, nobody's standard."""

FILMS = ('.mp4', '.MP4', '.mov', '.MOV', '.avi')
LABELS = ('labels/train/track2&3', 'labels/track2&3/track2', 'labels/track2&3', 'labels/track2')


class HieveFormat(DatasetFormat):
    """HiEve; see above.

    Args:
        src: Folder of the download.
        out: Folder of the converted data set.
        val_videos: Names of the videos that are held out of training.
    """

    name = 'hieve'
    joint_names = HIEVE_JOINTS

    def __init__(self, src: Path, out: Path, val_videos: Sequence[str] = VAL_VIDEOS) -> None:
        super().__init__(src, out)
        # Names are bare numbers: of one name alone each digit would be a video.
        alone = isinstance(val_videos, str | int)
        self.val_videos = tuple(map(str, [val_videos] if alone else val_videos))

    def videos(self) -> list[Video]:
        """All labelled videos, by number."""
        candidates = [f'{root}{labels}' for root in ('', 'HIE20/') for labels in LABELS]
        labels = first_folder(self.src, 'poses', *candidates)
        files = sorted(
            # Names are bare numbers: the shorter is the smaller.
            visible_files(labels, '*.json'),
            key=lambda file: (len(file.stem), file.stem),
        )
        unknown = set(self.val_videos) - {file.stem for file in files}
        if unknown:
            raise ValueError(
                f'val_videos: expected videos with labels in {labels}, got {sorted(unknown)}'
            )
        videos = []
        for number, file in enumerate(files, 1):
            # Numbers count all labelled videos: ids stay the same whatever is held out.
            split = 'val' if file.stem in self.val_videos else 'train'
            film = self._film(file.stem)
            sources = (file,) if film is None else (file, film)
            videos.append(Video(f'{split}/{file.stem}.json', (split,), number, sources))
        return videos

    def convert(self, video: Video) -> Converted:
        """Extract or link the frames, and put the video's name in front of theirs."""
        left_out: Counter[str] = Counter()
        name = video.sources[0].stem
        frames = read_annolist_file(video.sources[0], self.joint_names, left_out)
        folder = self.out / 'images' / name
        given = [self.src / root / 'images' / name for root in ('', 'HIE20')]
        given = [path for path in given if path.is_dir()]
        if given:
            if not link_folder(given[0], folder, self.copies_images):
                folder = given[0]
        elif len(video.sources) > 1 and not folder.exists():
            with whole_folder(folder) as unfinished:
                _extract(video.sources[1], unfinished)
        files = visible_files(folder) if folder.is_dir() else []
        files = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
        there = {file.name for file in files}
        size = image_size(files[0]) if files else None
        for frame in frames:
            official = PurePosixPath(frame_image(frame)['name']).name
            left_out['frames missing on disk'] += official not in there
            image: dict[str, Any] = {'name': f'{name}/{official}', 'nframes': len(frames)}
            if size is not None:
                image |= {'width': size[0], 'height': size[1]}
            frame['image'] = [image]
        return Converted({'annolist': frames}, left_out)

    def document(self, content: dict[str, Any], video: Video) -> dict[str, Any]:
        """A document in COCO's layout, with the official boxes of bodies."""
        return coco_document(content['annolist'], video, self.joint_names)

    def release(self, videos: list[Video]) -> str:
        """The number of videos, and those that are held out."""
        return f'{len(videos)} labelled videos, held out: {" ".join(self.val_videos) or "none"}'

    def _film(self, name: str) -> Path | None:
        for folder in ('videos/train', 'videos', 'HIE20/videos/train', 'HIE20/videos'):
            for suffix in FILMS:
                if (self.src / folder / f'{name}{suffix}').is_file():
                    return self.src / folder / f'{name}{suffix}'
        return None


def _extract(film: Path, folder: Path) -> None:
    """Write all frames of a film as 000000.jpg and on, with JPEG quality 95."""
    capture = cv2.VideoCapture(str(film))
    count = 0
    expected = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    what = dict(desc=f'frames of {film.name}', unit='frame', leave=False, disable=None)
    with tqdm(total=expected or None, **what) as bar:
        while True:
            read, image = capture.read()
            if not read:
                break
            # OpenCV's own writing says nothing of a full disk
            encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
            (folder / f'{count:06d}.jpg').write_bytes(encoded.tobytes())
            count += 1
            bar.update()
    capture.release()
    if not count:
        raise UsageError(f'{film}: expected a video that OpenCV can decode, got no frame')
    # containers count a few frames more than decode; a film that was cut lacks many
    if count < expected - max(2, expected // 100):
        raise UsageError(
            f'{film}: expected {expected} frames, which it announces, got {count}: the download is '
            'damaged or incomplete'
        )
