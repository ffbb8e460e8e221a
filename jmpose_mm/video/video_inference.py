"""A video from end to end: poses, film and exports in a folder."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.drawn_films import Drawer, FilmWriter, FrameDrawer, SideBySideDrawer
from jmpose_mm.video.files.output_folder import POSES, OutputFolder
from jmpose_mm.video.files.pose_exports import EXPORTS, export_poses
from jmpose_mm.video.files.pose_files import PoseFile, check_continuable, earlier_poses
from jmpose_mm.video.files.pose_outputs import write_frames
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.film_lists import may_be_same_film
from jmpose_mm.video.frames.sources import FrameSource, open_source
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.pose_stream import PoseStream
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.poses.whole_tracks import (
    OneEuroTracks,
    check_steps,
    jitter_before_and_after,
    joined,
    measured,
    smoothed,
)
from jmpose_mm.video.records import Frame, FramePoses, Remarks
from jmpose_mm.video.video_outputs import FILM, VideoOutputs
from jmpose_mm.visualization.film_codecs import check_encoding
from jmpose_mm.visualization.film_sound import FilmSound
from jmpose_mm.visualization.skeleton import Skeleton, skeleton_of

__all__ = ['VideoOutputs', 'infer_video', 'output_folder']


def infer_video(
    inferencer: VideoPoseInferencer,
    source: Any,
    out_dir: str | Path,
    outputs: VideoOutputs = VideoOutputs(),  # noqa: B008 - immutable
    protocol: dict[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Recording:
    """Run on a source and write ``poses.json``, ``film.mp4`` and exports, with a progress bar.

    After an interruption (an exception, Ctrl-C) what was done until then is there and valid, and
    the same call with ``resume`` goes on after it. An earlier result is never replaced unasked.

    Args:
        inferencer: The model and its boxes.
        source: An open source, or one of any kind for :func:`open_source`.
        out_dir: Folder of the results; it is made if it is missing.
        outputs: Files to write.
        protocol: Conditions of the numbers, stored with them.
        resume: Go on after what an interrupted run has left.
        overwrite: Replace what an earlier run has left.

    Returns:
        The poses that were written; ``problems`` has a line for all that could not be done,
        ``notes`` for what may not be as expected.

    Raises:
        UsageError: An argument does not exist, the folder holds other results or is in use, or the
            interrupted run was another one.
    """
    source = source if isinstance(source, FrameSource) else open_source(source)
    skeleton = skeleton_of(inferencer.model.dataset_meta)
    check_steps(outputs.steps, skeleton)
    header = PoseHeader(source.name, source.fps, skeleton, protocol or {})
    drawer = _drawer(header, outputs)
    folder = output_folder(out_dir, source, outputs, skeleton)
    with folder.held(resume, overwrite):
        check_continuable(source, earlier_poses(folder.file(POSES), header) if resume else None)
        known = [FILM, *(name for name, _ in EXPORTS.values())]
        folder.clean(known)
        older = [name for name in known if folder.file(name).exists() and not resume]
        film = _Film(inferencer, source, header, drawer)
        return _made(film, folder, outputs, resume, set(older) - set(folder.names))


def output_folder(
    out_dir: str | Path,
    source: FrameSource,
    outputs: VideoOutputs,
    skeleton: Skeleton | None = None,
    inputs: Sequence[str | Path] = (),
) -> OutputFolder:
    """The folder of a film's results, as far as they are known.

    Args:
        out_dir: Path of the folder.
        source: The film.
        outputs: Files to write.
        skeleton: Skeleton of the poses; None as long as it is not known.
        inputs: Files that are read besides the film.

    Raises:
        UsageError: Settings of a film are given, and none is to be written, or none can be.
    """
    outputs.check()
    if outputs.film and outputs.is_drawn_afterwards and (source.is_live or source.is_iterator):
        raise UsageError(
            f'smoothing: expected a source that can be read again for a film of whole tracks, got '
            f'{source.name}; leave the film out (no_video), or smooth by one-euro alone'
        )
    if outputs.film:
        check_encoding(outputs.codec, outputs.quality)
    read = [*source.files, *inputs, *([outputs.beside] if outputs.beside else [])]
    return OutputFolder(out_dir, outputs.names(skeleton), read)


class _Film(NamedTuple):
    """What a film is made of."""

    inferencer: VideoPoseInferencer
    source: FrameSource
    header: PoseHeader
    drawer: Drawer


def _made(
    film: _Film, folder: OutputFolder, outputs: VideoOutputs, resume: bool, older: set[str]
) -> Recording:
    """The poses, the film and the exports of a source, in a folder that nobody else uses."""
    remarks = Remarks([], list(getattr(film.drawer, 'notes', ())))
    if older:
        remarks.notes.append(f'of earlier poses, and left as they are: {", ".join(sorted(older))}')
    poses_file = PoseFile(folder.file(POSES), film.header, remarks, resume)
    films = (
        [_film_writer(film, folder, outputs)]
        if outputs.film and not outputs.is_drawn_afterwards
        else []
    )
    choice = film.inferencer.choice
    if outputs.join is not None and choice.ids is not None:  # theirs once they are joined
        choice = choice._replace(most=None, ids=None)
    stream = film.inferencer.stream(film.source, poses_file.resumed, choice)
    try:
        write_frames(_shown(stream, film.source, remarks), poses_file, films, remarks)
    except BaseException:
        if poses_file.is_written:
            _export(poses_file.path, folder, outputs, FILM not in older)
        raise
    if film.inferencer.one_euro is not None:
        _print_jitter(*stream.jitter)
    if outputs.is_drawn_afterwards:
        remarks.add(_smoothed_afterwards(film, folder, outputs, remarks))
    problems = _export(poses_file.path, folder, outputs, FILM not in older)
    recording = read_poses(poses_file.path)
    recording.problems.extend(problems)
    return recording


def _shown(
    stream: PoseStream, source: FrameSource, remarks: Remarks
) -> Generator[tuple[Frame, FramePoses], None, None]:
    """Frames with their poses, behind a progress bar; at their end what is to be said of them."""
    name = Path(source.name).name
    print(f'{name}: the first frame is on its way', file=sys.stderr, flush=True)
    try:
        yield from tqdm(stream.with_frames(), name, source.length, unit='frame')
    finally:
        stream.close()
        remarks.add(stream.remarks)


def _film_writer(film: _Film, folder: OutputFolder, outputs: VideoOutputs) -> FilmWriter:
    source, seen = film.source, film.source.seen
    settings: dict[str, Any] = {'codec': outputs.codec, 'quality': outputs.quality}
    if seen is not None:
        settings['aspect'] = seen.aspect
        if seen.has_sound and source.files:
            settings['sound'] = FilmSound(source.files[0], seen.began)
    return FilmWriter(folder.file(FILM), source.playback_fps, film.drawer, **settings)


def _export(poses: Path, folder: OutputFolder, outputs: VideoOutputs, has_film: bool) -> list[str]:
    """Write the further forms; returns a line for each that could not be written."""
    recording, problems = read_poses(poses), []
    recording.has_film = has_film
    for form in outputs.forms(recording.header.skeleton):
        try:
            export_poses(recording, folder.path, [form])
        except OSError as error:
            problems.append(f'{EXPORTS[form][0]}: not written ({error.strerror or error})')
    return problems


def _drawer(header: PoseHeader, outputs: VideoOutputs) -> Drawer:
    """What draws the film: this result, or another one and this one."""
    drawer = FrameDrawer(header.skeleton, **outputs.drawing)
    if outputs.beside is None:
        return drawer
    other = read_poses(outputs.beside)
    titles = [str(h.protocol.get('config', h.source)) for h in (other.header, header)]
    drawers = FrameDrawer(other.header.skeleton, **outputs.drawing), drawer
    both = SideBySideDrawer((titles[0], titles[1]), drawers, other)
    if not may_be_same_film(other.header.source, header.source):
        both.notes.append(
            f'beside: the poses of {outputs.beside} are of {other.header.source}, drawn on '
            f'{header.source}'
        )
    return both


def _print_jitter(before: JitterMeter, after: JitterMeter) -> None:
    if before.mean != before.mean:  # NaN: nobody is in three frames in a row
        return
    print(f'jitter: {before.mean:.2f} -> {after.mean:.2f} pixels per frame squared')


def _smoothed_afterwards(
    film: _Film, folder: OutputFolder, outputs: VideoOutputs, remarks: Remarks
) -> Remarks:
    """Smooth whole tracks, write them in place of the poses, and draw the film of them."""
    frames = [measured(poses) for poses in read_poses(folder.file(POSES))]
    remarks = Remarks(list(remarks.problems), list(remarks.notes))
    if outputs.join is not None:
        frames, notes = joined(frames, outputs.join, film.inferencer.choice)
        remarks.notes.extend(notes)
    better, online = frames, film.inferencer.one_euro
    if online is not None:  # as the poses came
        better = list(map(OneEuroTracks(online), better))
    for step in outputs.steps:
        better = smoothed(better, step, film.header.skeleton)
    _print_jitter(*jitter_before_and_after(frames, better))
    if outputs.film:
        by_index = {poses.index: poses for poses in better}
        with _film_writer(film, folder, outputs) as writer:
            for frame in tqdm(film.source, 'film', film.source.length, unit='frame'):
                if frame.index in by_index:
                    writer.add(frame, by_index[frame.index])
        remarks.add(writer.remarks)
    with PoseFile(folder.file(POSES), film.header, remarks) as file:
        for poses in better:
            file.add(None, poses)
    return remarks
