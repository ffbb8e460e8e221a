"""Poses with identities from any video: a model and its settings, without state of the films."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.errors import UsageError, without_credentials
from jmpose_mm.functional.tracks.one_euro_filter import OneEuroFilter
from jmpose_mm.video.chosen_model import with_weights
from jmpose_mm.video.frames.sources import ASSUMED_FPS, FrameSource, open_source
from jmpose_mm.video.people.boxes import box_source
from jmpose_mm.video.people.found_boxes import BoxSource
from jmpose_mm.video.people.identified_boxes import IdentifiedBoxes
from jmpose_mm.video.people.named_detectors import detector_addresses
from jmpose_mm.video.people.person_choice import PersonChoice
from jmpose_mm.video.people.tracker import LEAST_SCORE, PersonTracker
from jmpose_mm.video.pose_stream import EarlierPoses, PoseMaking, PoseStream
from jmpose_mm.video.poses.clip_model import ClipModel
from jmpose_mm.video.poses.engine import ClipEngine
from jmpose_mm.video.records import FramePoses

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config

__all__ = ['VideoPoseInferencer']


class VideoPoseInferencer:
    """A trained model on any video.

    Called with a film it gives, frame by frame, ``index`` (from 0), ``time`` (seconds) and
    ``persons``. Each of these has an ``id``, a ``box`` (4,) of left, top, right, bottom,
    ``keypoints`` (K, 2) and ``scores`` (K,). Places are pixels (x, y) of the upright frame.

    It holds no state of the films: several may be run at a time, in one or several threads.

    Args:
        config: Path, packaged name, name of a published model, or a :class:`Config`; those of
            single frames work too.
        checkpoint: Weights; every entry must fit. ``'auto'`` takes the published ones of a model's
            name or config, else the config's ``load_from``; they are downloaded once.
        device: ``'auto'``, ``'cpu'``, ``'cuda'``, ``'cuda:1'`` or ``'mps'``; see
            :func:`jmpose_mm.engine.devices.choose_device`.
        boxes: ``'auto'``, ``'rtmdet-m'``, ``'rtmdet-nano'``, ``'hog'`` or another name of
            :func:`named_detector`; ``'whole'``, one person fills the frame; the path of a box file;
            or a callable from :class:`Frame` to what :func:`found_boxes` takes, e.g. an array
            (N, 4).
        detect_every: Boxes are looked for in every so many frames; between them tracks carry on.
        one_euro: Arguments of :class:`OneEuroFilter`, which smooths poses as they come; None leaves
            them as they are.
        engine: Arguments of :class:`ClipEngine`: ``crop``, ``causal``, ``batch_size``,
            ``max_shift``, ``max_growth`` and ``layer``.
        model: Further arguments of :class:`ClipModel`: ``dtype``, ``flip_test``, ``compile``.

    Attributes:
        lost: Seconds after which a person who was not seen gets a new identity, but no less than
            two intervals of the detector.
        choice: Persons whose poses are made.

    Raises:
        UsageError: A named thing does not exist or does not fit together.

    Example:
        >>> import numpy as np
        >>> inferencer = VideoPoseInferencer('jm-pose_debug.py', None, device='cpu', boxes='whole')
        >>> film = np.zeros((3, 72, 48, 3), np.uint8)  # or 'walk.mp4', and weights for None
        >>> for poses in inferencer(film):
        ...     for person in poses.persons:
        ...         print(poses.index, person.id, person.keypoints.shape)
        0 1 (17, 2)
        1 1 (17, 2)
        2 1 (17, 2)
    """

    lost = 1.2
    choice = PersonChoice()

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | None = 'auto',
        device: str | torch.device | None = 'auto',
        boxes: str | Path | BoxSource = 'auto',
        detect_every: int = 1,
        one_euro: dict[str, Any] | None = None,
        engine: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
    ) -> None:
        if detect_every < 1 or detect_every % 1:
            raise UsageError(
                f'detect_every: expected at least 1, a whole number, got {detect_every}'
            )
        self.detect_every = int(detect_every)
        self.one_euro = None if one_euro is None else dict(one_euro)
        # For its errors alone, before anything is downloaded.
        OneEuroFilter(**(self.one_euro or {}))
        if checkpoint == 'auto':
            needed = detector_addresses(boxes, device) if isinstance(boxes, str | Path) else ()
            config, checkpoint = with_weights(config, needed)
        # Before the model is loaded, which takes longer: mistakes are said at once.
        source = box_source(boxes, device=device) if isinstance(boxes, str | Path) else boxes
        if not callable(source):
            raise UsageError(
                f'boxes: expected a name, a file or a callable from a frame, got {source!r}'
            )
        if getattr(source, 'has_ids', False) and detect_every > 1:
            raise UsageError(
                f'detect_every: expected 1 for boxes that bring identities, as {source.name} does, '
                f'got {detect_every}'
            )
        self.boxes = source
        self.model = ClipModel(config, checkpoint, device, **(model or {}))
        self._engine = dict(engine or {})
        self.latency = ClipEngine(self.model, **self._engine).latency

    def __call__(self, source: Any) -> PoseStream:
        """Poses of each frame, in order, of a source, open or as :func:`open_source` takes it."""
        return self.stream(source if isinstance(source, FrameSource) else open_source(source))

    def protocol(self, checkpoint: str | Path) -> dict[str, Any]:
        """What the poses depend on, in plain types.

        Args:
            checkpoint: File of the weights.
        """
        from jmpose_mm.engine.provenance import run_record
        from jmpose_mm.whole_files import file_digest

        record = run_record(self.model.cfg, checkpoint)
        path = getattr(self.boxes, 'path', None)
        return {
            'config': record['config']['name'],
            'checkpoint': Path(without_credentials(str(checkpoint))).name,
            'sha256': {
                'config': record['config']['sha256'],
                'checkpoint': record['checkpoint']['sha256'],
                **({'boxes': file_digest(path)} if path else {}),
            },
            'boxes': f'{getattr(self.boxes, "name", "own detector")}, every {self.detect_every}',
            'lost': f'{self.lost} s',
            'persons': str(self.choice),
            'crop': self._engine.get('crop', 'frame'),
            'frame_offsets': list(self.model.frame_offsets),
            'latency': f'{self.latency} frames',
            'flip_test': self.model.flip_test,
            'dtype': str(self.model.dtype).removeprefix('torch.'),
            'versions': record['versions'],
        }

    def stream(
        self,
        source: FrameSource,
        done: Sequence[FramePoses] | None = None,
        choice: PersonChoice | None = None,
    ) -> PoseStream:
        """Poses of the frames of an open source.

        Args:
            source: The film.
            done: Poses of its first frames, of an earlier run; they are not computed again.
            choice: Persons, instead of those of ``choice``.
        """
        choice = self.choice if choice is None else choice
        interval = source.span.stride * self.detect_every
        frames = math.ceil(self.lost * (source.fps or ASSUMED_FPS))
        sigmas = self.model.dataset_meta['sigmas']
        least = LEAST_SCORE if choice.least_score is None else choice.least_score
        # A detector that misses a person once must not end the track.
        age = max(frames, 2 * interval)
        tracker = PersonTracker(sigmas, min_score=least, max_age=age)
        people = IdentifiedBoxes(self.boxes, tracker, self.detect_every, source, choice)
        engine = ClipEngine(self.model, **self._engine)
        # Files of poses keep neither maps nor whom nobody wants: all is made again.
        lacks = engine.layer or people.chooses_late
        earlier = None if done is None or lacks else EarlierPoses(iter(done), len(done))
        return PoseStream(PoseMaking(source, people, tracker, engine, self.one_euro, earlier))
