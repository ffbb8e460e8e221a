"""Write ``poses.json`` while the poses come."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.pose_outputs import PoseOutput
from jmpose_mm.video.files.recordings import PoseHeader, Recording, frame_entry, unfinished_path
from jmpose_mm.video.frames.sources import FrameSource
from jmpose_mm.video.records import Frame, FramePoses, Remarks

__all__ = ['PoseFile', 'check_continuable', 'earlier_poses']


class PoseFile(PoseOutput):
    """A ``poses.json``, in the form that :mod:`recordings` describes.

    A run that ends early never replaces a file that holds more frames.

    Args:
        path: File to write; until it is closed, it grows under another name beside it.
        header: Facts of all frames.
        remarks: Written at the end; they may grow until then.
        resume: Go on after the last frame that an interrupted run has left, if one has.

    Attributes:
        path: File to write.
        count: Number of frames in the file.
        last_index: Index of the last frame in the file; -1 if there is none. Frames up to it are
            not written again.
        is_written: True once the file is closed and has its name.
        resumed: Recording of the interrupted run; None if nothing, or if nobody asked.

    Raises:
        UsageError: The interrupted run was another one.
        ValueError: There is a file, but none of poses.
    """

    def __init__(
        self,
        path: str | Path,
        header: PoseHeader,
        remarks: Remarks | None = None,
        resume: bool = False,
    ) -> None:
        self.path, self.count, self.last_index = Path(path), 0, -1
        self._remarks, self._unfinished = remarks or Remarks.none(), unfinished_path(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.resumed = earlier_poses(self.path, header) if resume else None
        self.is_written = False
        self._ends: list[int] = []  # where the last two frames begin, and the file ends
        if self.resumed is None:
            # Without a buffer: after a failure, what is in the file is known.
            self._file = self._unfinished.open('wb', buffering=0)
            self._append(json.dumps(header.as_json()).encode()[:-1] + b', "frames": [')
        else:
            if self.resumed.path != self._unfinished:
                shutil.copyfile(self.resumed.path, self._unfinished)
            self.count, self.last_index = len(self.resumed), self.resumed.last_index
            self._file = self._unfinished.open('r+b', buffering=0)
            self._file.truncate(self.resumed.end)
            self._file.seek(self.resumed.end)
            self._ends = [self.resumed.end]

    def add(self, frame: Frame | None, poses: FramePoses) -> None:
        """Append a frame, the whole of it or nothing; the image is not used."""
        if poses.index <= self.last_index:
            return
        separator = b',\n' if self.count else b'\n'
        self._append(separator + json.dumps(frame_entry(poses), allow_nan=False).encode())
        self.count, self.last_index = self.count + 1, poses.index

    def close(self, complete: bool = True) -> None:
        """Write the last line and give the file its name, unless that loses frames.

        Raises:
            OSError: The disk is full; what was written before has its name all the same, if that
                can be done without the last frame.
        """
        if self._file.closed:
            return
        if not complete and not self.is_kept:
            self.discard()
            return
        ending = {'complete': complete, 'problems': self._remarks.problems}
        if self._remarks.notes:
            ending['notes'] = self._remarks.notes
        try:
            self._append(b'\n], ' + json.dumps(ending).encode()[1:] + b'\n')
        except OSError as error:
            self._close_without_room(str(error.strerror))
            raise
        self._name()

    def _close_without_room(self, reason: str) -> None:
        """Give up the last frame for the last line."""
        if self.count < 2:
            self.discard()
            return
        if len(self._ends) < 2:  # nothing was added to what an earlier run has left
            self._file.close()
            return
        self._file.truncate(self._ends[-2])
        self._file.seek(self._ends[-2])
        self._ends.pop()
        ending = json.dumps({'complete': False, 'problems': [f'poses.json: {reason}']})
        self._append(b'\n], ' + ending.encode()[1:] + b'\n')
        self._name()

    def discard(self) -> None:
        """Remove what was written; an earlier result stays."""
        self._file.close()
        self._unfinished.unlink(missing_ok=True)

    def _append(self, content: bytes) -> None:
        """Write all of it; if that fails, the file is as before."""
        start = self._ends[-1] if self._ends else 0
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(start)
            self._file.seek(start)
            raise
        # Two are enough: without room for the last line, the last frame makes it.
        self._ends = [*self._ends[-1:], start + len(content)]

    def _name(self) -> None:
        # Before it gets its name: after a power loss a named file must be whole.
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._unfinished, self.path)
        self.is_written = True

    @property
    def is_kept(self) -> bool:
        """Whether the frames so far are kept if none follows: an earlier result may have more."""
        if self.resumed is not None:
            return True
        try:
            earlier = len(Recording(self.path)) if self.path.is_file() else 0
        except ValueError:
            earlier = 0
        return self.count > earlier


def earlier_poses(path: Path, header: PoseHeader) -> Recording | None:
    """The longest recording that earlier runs of this one have left; None if there is none.

    Raises:
        UsageError: It was another run.
        ValueError: There is a file, but none of poses.
    """
    found = [Recording(path)] if path.is_file() else []
    with suppress(ValueError, OSError):  # killed before its first line was whole
        found.insert(0, Recording(unfinished_path(path)))
    wanted = header.as_json()
    same = [recording for recording in found if recording.header.as_json() == wanted]
    if same or not found:
        return max(same, key=len, default=None)
    got = found[-1].header.as_json()
    key = next(key for key in wanted if got[key] != wanted[key])
    before, now = got[key], wanted[key]
    if isinstance(now, dict):
        part = next(p for p in {**now, **before} if before.get(p) != now.get(p))
        key, before, now = f'{key}.{part}', before.get(part), now.get(part)
    raise UsageError(
        f'{found[-1].path}: to go on after it, expected {key} {now}, found {before}; ask for '
        'the same as then, or start anew'
    )


def check_continuable(source: FrameSource, earlier: Recording | None) -> None:
    """Raise `UsageError` where a run cannot go on after an earlier one, or ends before it."""
    end = source.span.end
    if earlier is None or not len(earlier):
        return
    if source.is_live:
        raise UsageError(
            f'resume: expected a film, got {source.name}, which shows other frames now; choose '
            'another folder, or `overwrite` the earlier poses'
        )
    if end is None:
        return
    if (earlier.last_index if isinstance(end, int) else earlier.last_time) >= end:
        raise UsageError(
            f'end: expected something after frame {earlier.last_index} ({earlier.last_time} s), '
            f'which {earlier.path} goes up to, got {end}'
        )
