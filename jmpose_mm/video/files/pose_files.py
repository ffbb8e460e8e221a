"""Write ``poses.json`` while the poses come."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.outputs import PoseOutput
from jmpose_mm.video.files.recordings import PoseHeader, Recording, entry_of, unfinished_path
from jmpose_mm.video.records import Frame, FramePoses

__all__ = ['PoseFile']


class PoseFile(PoseOutput):
    """A ``poses.json``, in the form that :mod:`recordings` describes.

    Args:
        path: Where; until it is closed, the file grows under another name beside it.
        header: What is true of all frames.
        problems: Written at the end; the list may grow until then.
        resume: Go on after the last frame that an interrupted run has left, if one has.

    Attributes:
        path: Where.
        last_index: Index of the last frame in the file; -1 if there is none. Frames up to it are
            not written again.
        resumed: What the interrupted run has left; None if nothing, or if nobody asked.

    Raises:
        UsageError: The interrupted run was another one.
        ValueError: There is a file, but none of poses.
    """

    def __init__(
        self,
        path: str | Path,
        header: PoseHeader,
        problems: Sequence[str] = (),
        resume: bool = False,
    ) -> None:
        self.path, self.last_index = Path(path), -1
        self._problems, self._unfinished = problems, unfinished_path(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.resumed = self._begun(header) if resume else None
        if self.resumed is None:
            self._file = self._unfinished.open('wb')
            self._file.write(json.dumps(header.as_json()).encode()[:-1] + b', "frames": [')
            self._file.flush()
        else:
            if self.resumed.path != self._unfinished:
                shutil.copyfile(self.resumed.path, self._unfinished)
            self.last_index = self.resumed.last_index
            self._file = self._unfinished.open('r+b')
            self._file.truncate(self.resumed.end)
            self._file.seek(self.resumed.end)

    def add(self, frame: Frame | None, poses: FramePoses) -> None:
        """Append a frame; the image is not used."""
        if poses.index <= self.last_index:
            return
        separator = b'\n' if self.last_index < 0 else b',\n'
        self._file.write(separator + json.dumps(entry_of(poses), allow_nan=False).encode())
        self._file.flush()
        self.last_index = poses.index

    def close(self, complete: bool = True) -> None:
        """Write the last line and give the file its name."""
        ending = json.dumps({'complete': complete, 'problems': list(self._problems)})
        self._file.write(b'\n], ' + ending.encode()[1:] + b'\n')
        self._file.close()
        os.replace(self._unfinished, self.path)

    def _begun(self, header: PoseHeader) -> Recording | None:
        """The longer one of what the last runs have left."""
        found = [Recording(file) for file in (self._unfinished, self.path) if file.is_file()]
        if not found:
            return None
        longest = max(found, key=len)
        wanted, got = header.as_json(), longest.header.as_json()
        for key, value in wanted.items():
            if got[key] != value:
                raise UsageError(
                    f'{longest.path}: to go on after it, expected {key} {value}, found {got[key]}; '
                    'ask for the same as then, or start anew'
                )
        return longest
