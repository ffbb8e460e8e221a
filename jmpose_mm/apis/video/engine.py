"""The sliding window over tracked persons, with each crop through the backbone once.

A pose at frame t needs features of the person's crop at t-2 ... t+2. The naive program makes them
anew for every t. Here the crop window of a person stays the same over a segment of frames, as long
as it fits the person's box; the features of a segment's crops are kept while a window may still
need them. Where a segment ends, the crops around its end are made again in the new window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from jmpose_mm.apis.video.clip_model import ClipModel, CropFeatures
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.crop import CropWindow, window_fits

__all__ = ['ClipEngine']

# Person, segment, frame.
CropKey = tuple[int, int, int]
# Position of the frame, and of each person the keypoints (K, 2) and scores (K,).
FrameResult = tuple[int, dict[int, tuple[np.ndarray, np.ndarray]]]


class _Task(NamedTuple):
    frame: int
    person: int
    window: CropWindow
    crops: tuple[CropKey, ...]


class ClipEngine:
    """Frames and boxes in, keypoints out, some frames later.

    Args:
        model: The model.
        crop: ``'segment'`` shares windows as said above; ``'key'`` crops all frames by the key
            frame's box, as the papers do, at T passes a pose.
        causal: Frames after the key frame are not waited for; the key frame stands for them, as at
            the end of a video.
        batch_size: Poses that are computed together; the engine waits for so many.
        max_shift: See :func:`window_fits`.
        max_growth: See :func:`window_fits`.
    """

    def __init__(
        self,
        model: ClipModel,
        crop: str = 'segment',
        causal: bool = False,
        batch_size: int = 8,
        max_shift: float = 0.1,
        max_growth: float = 1.15,
    ) -> None:
        check_choice('crop', crop, ('segment', 'key'))
        self.model, self.crop, self.batch_size = model, crop, batch_size
        self.max_shift, self.max_growth = max_shift, max_growth
        self.offsets = model.frame_offsets
        # How many frames after the key frame are waited for: the latency.
        self.latency = 0 if causal else max(self.offsets[-1], 0)
        self.backbone_passes = 0
        self._reset()

    def _reset(self) -> None:
        self.count, self.next_key, self.segment_count = 0, 0, 0
        self.images: dict[int, np.ndarray] = {}
        self.boxes: dict[int, dict[int, np.ndarray]] = {}
        self.segments: dict[int, tuple[int, CropWindow, int]] = {}  # number, window, last use
        self.features: dict[CropKey, CropFeatures | None] = {}
        self.crops: dict[CropKey, np.ndarray] = {}
        self.tasks: list[_Task] = []
        self.ready: list[int] = []

    def add(self, image: np.ndarray, boxes: Mapping[int, np.ndarray]) -> list[FrameResult]:
        """Take the next frame.

        Args:
            image: ``(H, W, 3)`` uint8 BGR.
            boxes: Person to box ``(4,)`` xyxy.

        Returns:
            The frames that are complete now, in order; position 0 is the first one added.
        """
        self.images[self.count], self.boxes[self.count] = image, dict(boxes)
        self.count += 1
        if self.count > self.latency:
            self._prepare(self.next_key)
        return self._compute() if len(self.tasks) >= self.batch_size or not self.tasks else []

    def finish(self) -> list[FrameResult]:
        """The video is over: the remaining frames. The engine is as new afterwards."""
        while self.next_key < self.count:
            self._prepare(self.next_key)
        results = self._compute()
        self._reset()
        return results

    def _prepare(self, key: int) -> None:
        """Note what has to be computed for a key frame, and cut the crops that are missing."""
        last = min(self.count - 1, key + self.latency)
        for person, box in self.boxes.pop(key).items():
            segment, window = self._segment(person, box, key)
            frames = [min(max(key + offset, 0), last) for offset in self.offsets]
            needed = tuple((person, segment, frame) for frame in frames)
            for crop in needed:
                if crop not in self.features:
                    self.features[crop] = None
                    self.crops[crop] = self.model.crop(self.images[crop[2]], window)
            self.tasks.append(_Task(key, person, window, needed))
        self.ready.append(key)
        self.next_key = key + 1
        for frame in [f for f in self.images if f < self.next_key + self.offsets[0]]:
            del self.images[frame]

    def _segment(self, person: int, box: np.ndarray, key: int) -> tuple[int, CropWindow]:
        """Number and window of the segment that a person's box at a key frame belongs to."""
        wanted = self.model.window(box)
        number, window, _ = self.segments.get(person, (0, None, key))
        if (
            window is None
            or self.crop == 'key'
            or not window_fits(window, wanted, self.max_shift, self.max_growth)
        ):
            self.segment_count += 1
            number, window = self.segment_count, wanted
        self.segments[person] = (number, window, key)
        return number, window

    def _compute(self) -> list[FrameResult]:
        """Run what is noted; the results of all prepared frames."""
        results: dict[int, dict] = {frame: {} for frame in self.ready}
        crops = list(self.crops.items())
        for start in range(0, len(crops), self.batch_size):
            part = crops[start : start + self.batch_size]
            self.backbone_passes += len(part)
            made = self.model.features([crop for _, crop in part])
            self.features.update(zip([key for key, _ in part], made, strict=True))
        for start in range(0, len(self.tasks), self.batch_size):
            tasks = self.tasks[start : start + self.batch_size]
            clips = [[self.features[crop] for crop in task.crops] for task in tasks]
            keypoints, scores = self.model.keypoints(clips, [task.window for task in tasks])
            for task, points, values in zip(tasks, keypoints, scores, strict=True):
                results[task.frame][task.person] = (points, values)
        self.crops, self.tasks, self.ready = {}, [], []
        self._forget()
        return list(results.items())

    def _forget(self) -> None:
        """Drop the features and segments that no later key frame can ask for."""
        first = self.next_key + self.offsets[0]
        current = {person: segment[0] for person, segment in self.segments.items()}
        for key in [k for k in self.features if k[2] < first or k[1] != current.get(k[0])]:
            del self.features[key]
        for person in [p for p, segment in self.segments.items() if segment[2] < first - 1]:
            del self.segments[person]
