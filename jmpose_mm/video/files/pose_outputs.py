"""Outputs that take the poses of a video frame by frame: a file of poses, a film."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import TypeVar

from jmpose_mm.video.records import Frame, FramePoses, Remarks

__all__ = ['PoseOutput', 'write_frames']

Self = TypeVar('Self', bound='PoseOutput')


class PoseOutput(ABC):
    """Takes frames in order; as a context manager, it is closed whatever happens inside.

    After Ctrl-C or an error, what was done until then is there and valid.

    Attributes:
        remarks: Once it is closed, what is not as asked for.
    """

    remarks = Remarks.none()

    @abstractmethod
    def add(self, frame: Frame | None, poses: FramePoses) -> None:
        """Take a frame's poses, and its image where one is needed."""

    @abstractmethod
    def close(self, complete: bool = True) -> None:
        """Finish the file; ``complete`` says whether all frames came."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what was written; an earlier result stays."""

    @property
    def is_kept(self) -> bool:
        """Whether what was taken so far would be kept if nothing followed."""
        return True

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(complete=kind is None)


def write_frames(
    frames: Generator[tuple[Frame, FramePoses], None, None],
    poses_file: PoseOutput,
    others: Sequence[PoseOutput],
    remarks: Remarks,
) -> None:
    """Hand on what comes, and close the outputs whatever happens.

    Args:
        frames: Each frame with its poses.
        poses_file: Is closed last, and says what went wrong with the others. What it would not
            keep after an early end, they do not keep either.
        others: The film and the like.
        remarks: Gets what they have to say.
    """
    complete = False
    try:
        for frame, poses in frames:
            for output in (poses_file, *others):
                output.add(frame, poses)
        complete = True
    finally:
        frames.close()
        is_kept = complete or poses_file.is_kept
        try:
            for output in others:
                if is_kept:
                    output.close(complete)
                else:
                    output.discard()
                remarks.add(output.remarks)
        finally:
            poses_file.close(complete)
