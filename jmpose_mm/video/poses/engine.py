"""The sliding window over tracked persons, with each crop through the backbone once.

A pose at frame t needs features of the person's crop at t-2 ... t+2, all in the window of the box
at t. The naive program makes them anew for every t. Here every frame is cropped by its own box, and
what a key frame needs of its neighbours is moved into its window. Where boxes stand still nothing
moves, and where they differ by more than a tolerance the neighbour is cropped again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.checks import check_choice
from jmpose_mm.functional.crop_windows import CropWindow, window_fits
from jmpose_mm.video.poses.clip_model import ClipModel, CropFeatures
from jmpose_mm.video.records import PersonLayer

__all__ = ['ClipEngine']

# Person, frame whose box the window is from, frame that is seen through it.
CropKey = tuple[int, int, int]
# Of a person: keypoints (K, 2), scores (K,), and the map where one is asked for.
Pose = tuple[np.ndarray, np.ndarray, 'PersonLayer | None']
# Position of the frame, and each person's pose.
FrameResult = tuple[int, dict[int, Pose]]


class _Task(NamedTuple):
    """A pose to be made: where its frames' features are; and the pose, where it is known."""

    frame: int
    person: int
    crops: tuple[CropKey, ...]
    known: Pose | None


class ClipEngine:
    """Frames and boxes in, keypoints out, some frames later.

    Args:
        model: The model.
        crop: ``'frame'`` crops each frame by its own box and moves features, as said above;
            ``'key'`` crops all frames by the key frame's box, as the papers do, at T passes a pose.
        causal: Frames after the key frame are not waited for; the key frame stands for them, as at
            the end of a video.
        batch_size: Poses that are computed together; the engine waits for so many. By default what
            is fastest.
        max_shift: Largest shift that features are moved by, see :func:`window_fits`.
        max_growth: Largest change of size, see :func:`window_fits`.
        layer: Map that comes with each pose, for drawing: ``'heatmap'``, the highest of all joints,
            ``'motion'``, how much the features change along the clip, or None.

    Attributes:
        known_frames: The first so many frames bring their poses, of an earlier run; whom it lacks
            gets none. What is not needed for the others is not computed; the others come out bit
            for bit as if all were.
    """

    def __init__(
        self,
        model: ClipModel,
        crop: str = 'frame',
        causal: bool = False,
        batch_size: int | None = None,
        max_shift: float = 0.2,
        max_growth: float = 1.3,
        layer: str | None = None,
    ) -> None:
        check_choice('crop', crop, ('frame', 'key'))
        check_choice('layer', layer, (None, 'heatmap', 'motion'))
        if layer == 'motion' and len(model.frame_offsets) == 1:
            raise ValueError('layer: expected no motion from a model of single frames')
        self.layer = layer
        self.model, self.crop = model, crop
        self.batch_size = model.batch_size if batch_size is None else batch_size
        if self.batch_size < 1:
            raise UsageError(f'batch_size: expected at least 1, got {batch_size}')
        self.max_shift, self.max_growth = max_shift, max_growth
        self.offsets = model.frame_offsets
        # How many frames after the key frame are waited for: the latency.
        # A window that ends at the key frame waits for nothing.
        self.latency = 0 if causal else max(self.offsets[-1], 0)
        self.backbone_passes = self.known_frames = 0
        self._reset()

    def _reset(self) -> None:
        self.count, self.next_key = 0, 0
        self.images: dict[int, np.ndarray] = {}
        self.windows: dict[tuple[int, int], CropWindow] = {}  # of person and frame
        self.known: dict[tuple[int, int], Pose] = {}  # of person and frame
        self.features: dict[CropKey, CropFeatures | None] = {}
        self.crops: dict[CropKey, np.ndarray] = {}
        self.tasks: list[_Task] = []
        self.ready: list[int] = []

    def add(
        self,
        image: np.ndarray,
        boxes: Mapping[int, np.ndarray],
        known: Mapping[int, Pose] | None = None,
    ) -> list[FrameResult]:
        """Take the next frame.

        Args:
            image: ``(H, W, 3)`` uint8 BGR.
            boxes: Person to box ``(4,)`` xyxy.
            known: Person to pose, in the first ``known_frames`` frames.

        Returns:
            The frames that are complete now, in order; position 0 is the first one added.
        """
        self.images[self.count] = image
        for person, box in boxes.items():
            self.windows[person, self.count] = self.model.window(box)
        for person, pose in (known or {}).items():
            self.known[person, self.count] = pose
        self.count += 1
        if self.count > self.latency:
            self._prepare(self.next_key)
        # Frames without persons do not wait for ever for a batch that does not fill.
        waits = self.tasks and max(len(self.tasks), len(self.ready)) < self.batch_size
        return [] if waits else self._compute()

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
        frames = [min(max(key + offset, 0), last) for offset in self.offsets]
        for person in [p for p, frame in self.windows if frame == key]:
            known = self.known.pop((person, key), None)
            if known is None and key < self.known_frames:
                continue
            needed = tuple((person, self._seen_from(person, key, f), f) for f in frames)
            for crop in needed:
                if crop not in self.features:
                    self.features[crop] = None
                    window = self.windows[person, crop[1]]
                    self.crops[crop] = self.model.crop(self.images[crop[2]], window)
            self.tasks.append(_Task(key, person, needed, known))
        self.ready.append(key)
        self.next_key = key + 1
        # No later window reaches back to them; a frame of 4K is 25 MB.
        for frame in [f for f in self.images if f < self.next_key + self.offsets[0]]:
            del self.images[frame]

    def _seen_from(self, person: int, key: int, frame: int) -> int:
        """The frame whose box's window a frame is cropped by, to serve a key frame."""
        own, wanted = self.windows.get((person, frame)), self.windows[person, key]
        if self.crop == 'key' or own is None:
            return key
        return frame if window_fits(own, wanted, self.max_shift, self.max_growth) else key

    def _compute(self) -> list[FrameResult]:
        """Run what is noted; the results of all prepared frames."""
        results: dict[int, dict] = {frame: {} for frame in self.ready}
        # The first key frame that can share a batch with one whose poses are not known.
        first = self.known_frames - self.batch_size - self.latency
        is_needed = any(key[2] >= first + self.offsets[0] for key in self.crops)
        crops = list(self.crops.items()) if is_needed else []
        for start in range(0, len(crops), self.batch_size):
            part = crops[start : start + self.batch_size]
            self.backbone_passes += len(part)
            made = self.model.features([crop for _, crop in part])
            self.features.update(zip([key for key, _ in part], made, strict=True))
        for start in range(0, len(self.tasks), self.batch_size):
            tasks = self.tasks[start : start + self.batch_size]
            if all(task.known is not None for task in tasks):
                for task in tasks:
                    results[task.frame][task.person] = task.known
                continue
            windows = [self.windows[task.person, task.frame] for task in tasks]
            clips = [
                [
                    self.model.moved(self.features[crop], self.windows[crop[:2]], window)
                    for crop in task.crops
                ]
                for task, window in zip(tasks, windows, strict=True)
            ]
            poses = zip(*self._poses(clips, windows), strict=True)
            for task, pose in zip(tasks, poses, strict=True):
                results[task.frame][task.person] = pose
        self.crops, self.tasks, self.ready = {}, [], []
        self._forget()
        return list(results.items())

    def _forget(self) -> None:
        """Drop what no later key frame can ask for."""
        first = self.next_key + self.offsets[0]
        for window in [w for w in self.windows if w[1] < first]:
            del self.windows[window]
        for key in list(self.features):
            # A neighbour that was cropped by a key frame's box serves that key frame alone.
            served = key[1] != key[2] and key[1] < self.next_key
            if key[2] < first or served:
                del self.features[key]

    def _poses(
        self, clips: list[list[CropFeatures]], windows: list[CropWindow]
    ) -> tuple[Sequence, Sequence, Sequence]:
        """Keypoints, scores and maps of N persons."""
        heatmaps = self.model.heatmaps(clips)
        keypoints, scores = self.model.keypoints(heatmaps, windows)
        if self.layer is None:
            return keypoints, scores, [None] * len(windows)
        is_heatmap = self.layer == 'heatmap'
        maps = self.model.highest(heatmaps) if is_heatmap else self.model.motion(clips)
        half = [window.scale / 2 for window in windows]
        corners = [
            np.concatenate((window.center - size, window.center + size))
            for window, size in zip(windows, half, strict=True)
        ]
        return keypoints, scores, list(map(PersonLayer, maps.clamp(0, 1).cpu().numpy(), corners))
