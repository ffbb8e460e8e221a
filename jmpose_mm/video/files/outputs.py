"""What takes the poses of a video, frame by frame: a file of poses, a film."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

from jmpose_mm.video.records import Frame, FramePoses

__all__ = ['PoseOutput']

Self = TypeVar('Self', bound='PoseOutput')


class PoseOutput(ABC):
    """Takes frames in order; as a context manager, it is closed whatever happens inside.

    After Ctrl-C or an error, what was done until then is there and valid.
    """

    @abstractmethod
    def add(self, frame: Frame | None, poses: FramePoses) -> None:
        """Take a frame's poses, and its image where one is needed."""

    @abstractmethod
    def close(self, complete: bool = True) -> None:
        """Finish the file; ``complete`` says whether all frames came."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(complete=kind is None)
