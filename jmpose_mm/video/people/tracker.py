"""Identities over a video, decided frame by frame.

Axes: N detections of a frame, M tracks, K keypoints. Boxes are xyxy in image pixels.

Written here, since mmdet's trackers take its own data samples and know no poses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jmpose_mm.functional.tracks.tracking import assign, box_iou, nms, oks
from jmpose_mm.video.people.track import Track

__all__ = ['LEAST_SCORE', 'PersonTracker']

LEAST_SCORE = 0.3
"""Detections with a lower score begin no track, unless somebody says otherwise."""


class PersonTracker:
    """An online tracker of boxes that learns from poses when they become known.

    A track moves on with constant velocity. A detection and a track are alike by the overlap of the
    detected and the predicted box. Where the detection brings a pose and the track has one, it is
    the weighted sum of that overlap and of the poses' similarity; pairs of the largest total
    likeness belong together (Hungarian assignment). In a top-down pipeline boxes are tracked first
    and their poses follow some frames later, through :meth:`observe`.

    * Return: a detection that is like no track where it is expected belongs to one that was last
      detected at that place, with an overlap above ``duplicate_iou``. A copy of another detection
      does not. A velocity of few frames is wrong after many (second association of OC-SORT: Cao et
      al., CVPR 2023).
    * Birth: a detection that belongs to no track, has ``min_score`` and overlaps no better one by
      more than ``duplicate_iou`` begins a track, which gets its identity with its ``min_hits``-th
      detection. Before that, one update without a detection ends it.
    * Death: more than ``max_age`` frames without a detection end a track.

    Identities count from 1 and are never used again. Memory does not grow with the video.

    Args:
        sigmas: (K,) of the data set's joints, as in ``dataset_meta['sigmas']``.
        min_similarity: Least likeness of a detection and its track.
        pose_weight: Weight of the poses' similarity in [0, 1]; the overlap has the rest.
        min_hits: Detections until a track has an identity, >= 1.
        min_score: Least score of a detection that begins a track. Others may continue one.
        max_age: In frames of the source, whatever the stride.
        duplicate_iou: Detections that overlap by more show one person, in a frame and after a gap.
        joint_score: Joints with a lower score count as not seen.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        sigmas: Sequence[float],
        min_similarity: float = 0.1,
        pose_weight: float = 0.5,
        min_hits: int = 1,
        min_score: float = LEAST_SCORE,
        max_age: int = 30,
        duplicate_iou: float = 0.7,
        joint_score: float = 0.2,
    ) -> None:
        if not 0 <= pose_weight <= 1:
            raise ValueError(f'pose_weight: expected a number from 0 to 1, got {pose_weight}')
        least = {'min_similarity': min_similarity, 'duplicate_iou': duplicate_iou}
        for name, value in least.items():
            if not 0 < value <= 1:
                raise ValueError(f'{name}: expected a number above 0 up to 1, got {value}')
        for name, count in {'min_hits': min_hits, 'max_age': max_age}.items():
            if count < 1:
                raise ValueError(f'{name}: expected at least 1, got {count}')
        self.sigmas = np.array(sigmas, dtype=np.float64)
        self.min_similarity = min_similarity
        self.pose_weight = pose_weight
        self.min_hits = min_hits
        self.min_score = min_score
        self.max_age = max_age
        self.duplicate_iou = duplicate_iou
        self.joint_score = joint_score
        self._tracks: list[Track] = []
        self._last_id = 0
        self._index = -1

    @property
    def ids(self) -> list[int]:
        """Identities of all living tracks: what is kept of any other person may go."""
        return sorted(track.id for track in self._tracks if track.id)

    def predict(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Carry the persons of the last update to a frame without detections.

        A track that the last update did not find is not carried, as nobody knows whether its person
        is still there; it keeps its identity until its death. Nothing changes by this call.

        Args:
            index: Index of the frame, not before the last update's.

        Returns:
            Identities (M,) and boxes (M, 4).
        """
        if index < self._index:
            raise ValueError(f'index: expected {self._index} (last update) or later, got {index}')
        carried = [track for track in self._tracks if track.id and track.detected == self._index]
        ids = np.asarray([track.id for track in carried], dtype=np.int64)
        return ids, _stacked([track.box_at(index) for track in carried])

    def update(
        self,
        index: int,
        boxes: np.ndarray,
        scores: np.ndarray,
        keypoints: np.ndarray | None = None,
        keypoint_scores: np.ndarray | None = None,
    ) -> np.ndarray:
        """Give identities to the detections of a frame; there may be none.

        Args:
            index: Index of the frame, after the last update's; frames may be left out.
            boxes: (N, 4).
            scores: (N,).
            keypoints: (N, K, 2), where poses are known before identities.
            keypoint_scores: (N, K); without them, all finite keypoints count as seen.

        Returns:
            (N,) identities; 0 where a detection belongs to no track or to one without identity.

        Raises:
            ValueError: Frames go back, or an array is not as stated.
        """
        if index <= self._index:
            raise ValueError(f'index: expected a frame after {self._index}, got {index}')
        boxes, scores = np.asarray(boxes, np.float64), np.asarray(scores, np.float64)
        if boxes.shape != (len(scores), 4) or not np.isfinite(boxes).all():
            raise ValueError(
                f'boxes: expected ({len(scores)}, 4) finite numbers, one row for each score, got '
                f'shape {boxes.shape}'
            )
        shape = (len(boxes), len(self.sigmas), 2)
        poses = np.full(shape, np.nan)
        if keypoints is not None:
            poses = self._seen(np.asarray(keypoints), keypoint_scores, shape)
        self._index = index
        # In frames of the source: after a stride fewer updates end a track.
        tracks = [track for track in self._tracks if index - track.detected <= self.max_age]
        owners: list[Track | None] = [None] * len(boxes)
        for n, m in assign(self._likeness(boxes, poses, tracks), self.min_similarity):
            owners[n] = tracks[m]
        free = self._distinct(boxes, scores, owners)
        self._return(boxes, free, tracks, owners)
        for n in free:
            if owners[n] is None and scores[n] >= self.min_score:
                owners[n] = Track()
                tracks.append(owners[n])
        for track, box, pose in zip(owners, boxes, poses, strict=True):
            if track is not None:
                self._continue(track, box, pose)
        self._tracks = [track for track in tracks if track.id or track.detected == index]
        return np.asarray([track.id if track else 0 for track in owners], dtype=np.int64)

    def observe(
        self, index: int, id: int, keypoints: np.ndarray, scores: np.ndarray | None = None
    ) -> None:
        """Tell a track its pose in a frame, which improves its motion and its predicted box.

        Ignored are poses of tracks that are dead by now, poses older than one already known, and
        those with fewer than 3 joints seen.

        Args:
            index: Index of the pose's frame; it may lie before the last update's, or after it where
                the box came from :meth:`predict`.
            id: The track's.
            keypoints: (K, 2).
            scores: (K,); without them, all finite keypoints count as seen.
        """
        pose = self._seen(np.asarray(keypoints), scores, (len(self.sigmas), 2))
        for track in self._tracks:
            if track.id == id and id > 0:
                track.add_pose(index, pose)

    def _seen(
        self, keypoints: np.ndarray, scores: np.ndarray | None, shape: tuple[int, ...]
    ) -> np.ndarray:
        """Keypoints with NaN where a joint is not seen."""
        if keypoints.shape != shape or (scores is not None and np.shape(scores) != shape[:-1]):
            raise ValueError(
                f'keypoints and scores: expected shapes {shape} and {shape[:-1]}, got '
                f'{keypoints.shape} and {np.shape(scores)}'
            )
        if scores is None:
            return keypoints.astype(np.float64)
        return np.where(np.asarray(scores)[..., None] >= self.joint_score, keypoints, np.nan)

    def _likeness(self, boxes: np.ndarray, poses: np.ndarray, tracks: list[Track]) -> np.ndarray:
        """(N, M) of detections and tracks."""
        predicted = _stacked([track.box_at(self._index) for track in tracks])
        overlap = box_iou(boxes, predicted)
        known = [track.pose_at(self._index) for track in tracks]
        unknown = np.full((len(self.sigmas), 2), np.nan)
        moved = np.asarray([unknown if pose is None else pose for pose in known])
        moved = moved.reshape(-1, *unknown.shape)
        areas = np.prod(predicted[:, 2:] - predicted[:, :2], axis=1)
        similar = oks(poses, moved, areas, self.sigmas)
        both = (1 - self.pose_weight) * overlap + self.pose_weight * similar
        return np.where(np.isnan(similar), overlap, both)

    def _return(
        self,
        boxes: np.ndarray,
        free: list[int],
        tracks: list[Track],
        owners: list[Track | None],
    ) -> None:
        """Give free detections to the tracks last detected where they are."""
        lost = [track for track in tracks if track not in owners]
        overlap = box_iou(boxes[free], _stacked([track.detected_box for track in lost]))
        for n, m in assign(overlap, self.duplicate_iou):
            owners[free[n]] = lost[m]

    def _distinct(
        self, boxes: np.ndarray, scores: np.ndarray, owners: list[Track | None]
    ) -> list[int]:
        """Detections without an owner that are no copies; those with one have the first claim."""
        free = np.asarray([owner is None for owner in owners], dtype=bool)
        claims = np.where(free, scores, np.inf)
        distinct = nms(boxes, claims, self.duplicate_iou)
        return [n for n in distinct.tolist() if free[n]]

    def _continue(self, track: Track, box: np.ndarray, pose: np.ndarray) -> None:
        track.add_box(self._index, box)
        track.add_pose(self._index, pose)
        if not track.id and track.hits >= self.min_hits:
            self._last_id += 1
            track.id = self._last_id


def _stacked(boxes: list[np.ndarray]) -> np.ndarray:
    return np.stack(boxes) if boxes else np.zeros((0, 4))
