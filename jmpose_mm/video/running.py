"""A video from end to end: poses, film and exports in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.tracks.smoothing import smooth_gaussian, smooth_savitzky_golay
from jmpose_mm.video.files.films import Drawer, FilmWriter, FrameDrawer, SideBySideDrawer
from jmpose_mm.video.files.outputs import PoseOutput
from jmpose_mm.video.files.pose_exports import export_poses
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.frames.sources import FrameSource
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.poses.jitter_meter import JitterMeter
from jmpose_mm.video.records import Frame, FramePoses
from jmpose_mm.visualization.skeleton import skeleton_of

__all__ = ['SMOOTHINGS', 'VideoOutputs', 'infer_video', 'smoothed']

# Offline ones see whole tracks; 'one-euro' works as the poses come, in the inferencer.
SMOOTHINGS = {'savitzky-golay': smooth_savitzky_golay, 'gaussian': smooth_gaussian}


class VideoOutputs(NamedTuple):
    """What is written.

    Attributes:
        film: Write ``film.mp4``.
        drawing: Arguments of :class:`FrameDrawer`.
        beside: The ``poses.json`` of another run on the same source, drawn to the left.
        exports: Further forms, see :func:`export_poses`; None for all that are possible.
        smoothing: A key of :data:`SMOOTHINGS`, for whole tracks at the end.
    """

    film: bool = True
    drawing: dict[str, Any] = {}
    beside: str | Path | None = None
    exports: Sequence[str] | None = None
    smoothing: str | None = None


def infer_video(
    inferencer: VideoPoseInferencer,
    source: FrameSource,
    out_dir: str | Path,
    outputs: VideoOutputs = VideoOutputs(),  # noqa: B008 - immutable
    protocol: dict[str, Any] | None = None,
    resume: bool = False,
) -> Recording:
    """Run on a source and write ``poses.json``, ``film.mp4`` and exports, with a progress bar.

    After an interruption (an exception, Ctrl-C) what was done until then is there and valid, and
    the same call with ``resume`` goes on after it.

    Args:
        inferencer: The model and its boxes.
        source: An open source.
        out_dir: Where to; made if missing.
        outputs: What is written.
        protocol: What the numbers depend on, stored with them.
        resume: Go on after what an interrupted run has left.

    Returns:
        The poses that were written; ``problems`` has a line for all that could not be read.

    Raises:
        UsageError: An argument does not exist, or the interrupted run was another one.
    """
    if outputs.smoothing not in (None, *SMOOTHINGS):
        raise UsageError(
            f'smoothing: expected one of {", ".join(SMOOTHINGS)}, got {outputs.smoothing!r}'
        )
    out_dir = Path(out_dir)
    skeleton = skeleton_of(inferencer.model.dataset_meta)
    header = PoseHeader(source.name, source.fps, skeleton, protocol or {})
    # Before anything is written: the other run may not be there.
    drawer, film = _drawer(header, outputs), out_dir / 'film.mp4'
    poses_file = PoseFile(out_dir / 'poses.json', header, source.problems, resume)
    writers: list[PoseOutput] = [poses_file]
    if outputs.film and outputs.smoothing is None:
        writers.append(FilmWriter(film, source.playback_fps, drawer))
    try:
        _write(inferencer.run(source, poses_file.resumed or ()), source, writers)
    except KeyboardInterrupt:
        export_poses(read_poses(poses_file.path), out_dir, outputs.exports)
        raise
    if inferencer.one_euro is not None:
        _print_jitter(*inferencer.jitter)
    recording = read_poses(poses_file.path)
    if outputs.smoothing is not None:
        recording = _smoothed_afterwards(recording, outputs, source, film)
    export_poses(recording, out_dir, outputs.exports)
    return recording


def _write(
    results: Iterable[tuple[Frame, FramePoses]], source: FrameSource, writers: list[PoseOutput]
) -> None:
    """Hand on what comes, and close the writers whatever happens."""
    with ExitStack() as stack:
        for writer in writers:
            stack.enter_context(writer)
        name = Path(source.name).name
        for frame, poses in tqdm(results, name, source.length, unit='frame'):
            for writer in writers:
                writer.add(frame, poses)


def _drawer(header: PoseHeader, outputs: VideoOutputs) -> Drawer:
    """What draws the film: this result, or another one and this one."""
    drawer = FrameDrawer(header.skeleton, **outputs.drawing)
    if outputs.beside is None:
        return drawer
    other = read_poses(outputs.beside)
    titles = [str(h.protocol.get('config', h.source)) for h in (other.header, header)]
    return SideBySideDrawer(
        (titles[0], titles[1]),
        (FrameDrawer(other.header.skeleton, **outputs.drawing), drawer),
        other,
    )


def _print_jitter(before: JitterMeter, after: JitterMeter) -> None:
    print(f'jitter: {before.mean:.2f} -> {after.mean:.2f} pixels per frame squared')


def _smoothed_afterwards(
    recording: Recording, outputs: VideoOutputs, source: FrameSource, film: Path
) -> Recording:
    """Smooth whole tracks, write them in place of the poses, and draw the film of them."""
    frames = list(recording)
    better = smoothed(frames, str(outputs.smoothing))
    meters = JitterMeter(), JitterMeter()
    for meter, some in zip(meters, (frames, better), strict=True):
        for poses in some:
            meter.add(poses)
    _print_jitter(*meters)
    header = recording.header._replace(
        protocol={**recording.header.protocol, 'smoothing': outputs.smoothing}
    )
    with PoseFile(recording.path, header, recording.problems) as file:
        for poses in better:
            file.add(None, poses)
    if outputs.film:
        drawer = _drawer(header, outputs)
        by_index = {poses.index: poses for poses in better}
        with FilmWriter(film, source.playback_fps, drawer) as writer:
            for frame in tqdm(source, 'film', source.length, unit='frame'):
                if frame.index in by_index:
                    writer.add(frame, by_index[frame.index])
    return read_poses(recording.path)


def _tracks(frames: Sequence[FramePoses]) -> dict[int, list[tuple[int, int]]]:
    """Identity to where its poses are: position of the frame, position in the frame."""
    found: dict[int, list[tuple[int, int]]] = {}
    for f, poses in enumerate(frames):
        for p, person in enumerate(poses.persons):
            found.setdefault(person.id, []).append((f, p))
    return found


def smoothed(frames: Sequence[FramePoses], method: str) -> list[FramePoses]:
    """The same frames with each person's keypoints smoothed over its whole track."""
    persons = [list(poses.persons) for poses in frames]
    for places in _tracks(frames).values():
        if len(places) < 3:
            continue
        keypoints = np.stack([persons[f][p].keypoints for f, p in places])
        scores = np.stack([persons[f][p].scores for f, p in places])
        times = np.array([frames[f].time for f, _ in places])
        for (f, p), points in zip(
            places, SMOOTHINGS[method](keypoints, times, scores), strict=True
        ):
            persons[f][p] = persons[f][p]._replace(keypoints=points)
    return [
        poses._replace(persons=tuple(some)) for poses, some in zip(frames, persons, strict=True)
    ]
