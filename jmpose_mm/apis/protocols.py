"""Evaluation protocols: everything besides the weights and the boxes that moves a PoseTrack number.

docs/protocols.md gives the source of each rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jmpose_mm.engine.configs import pipeline_step
from jmpose_mm.errors import UsageError

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['PROTOCOLS', 'Protocol', 'apply_protocol']


@dataclass(frozen=True)
class Protocol:
    """The rules of one code base.

    Attributes:
        box_threshold: Detections below this score are left out.
        nms: OKS above which the worse of two persons is left out, or None.
        score_rule: What ranks joints, see `PoseTrackAPMetric`.
        flip_test: Average with the mirrored clip; its heatmaps are shifted by one pixel.
        decoding: ``'quarter-offset'`` and ``'dark'`` are those of `ReleasedHeatmap`, ``'mmpose'``
            is mmpose's quarter offset, which judges each axis alone near borders.
        warp: Of the crop, see `warp_matrix`.
        border: What stands for frames outside of the video, see `support_frames`.
    """

    box_threshold: float
    nms: float | None
    score_rule: str
    flip_test: bool
    decoding: str
    warp: str
    border: str

    def __str__(self) -> str:
        flip = 'flip test with shift' if self.flip_test else 'no flip test'
        nms = 'no NMS' if self.nms is None else f'OKS-NMS {self.nms}'
        return f'{flip}, {self.decoding} decoding, {self.warp} warp, {self.border} border, {nms}'


PROTOCOLS = {
    'released-dcpose': Protocol(
        0.2, None, 'keypoint*box', False, 'quarter-offset', 'classic', 'clamp'
    ),
    'released-fami': Protocol(
        0.2, None, 'keypoint*box', False, 'quarter-offset', 'released', 'released'
    ),
    'released-jm': Protocol(0.2, None, 'keypoint*box', True, 'dark', 'released', 'released'),
    'mmpose': Protocol(0.4, 0.9, 'keypoint', True, 'mmpose', 'classic', 'clamp'),
}


def apply_protocol(cfg: Config, name: str) -> None:
    """Make ``cfg`` evaluate by a protocol, in validation and in testing; weights and boxes stay.

    Args:
        cfg: A config of a model of this package on PoseTrack.
        name: A key of :data:`PROTOCOLS`.

    Raises:
        UsageError: There is no such protocol, or the config has no part that a rule applies to.
    """
    if name not in PROTOCOLS:
        raise UsageError(f'protocol {name!r}: expected one of {", ".join(PROTOCOLS)}')
    protocol = PROTOCOLS[name]
    for split in ('val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        if dataset.get('bbox_file'):
            dataset.bbox_score_threshold = protocol.box_threshold
            boxes = f'{Path(dataset.bbox_file).name}, score >= {protocol.box_threshold}'
            cfg[f'{split}_evaluator'].boxes = boxes
        pipeline_step(dataset.pipeline, 'SampleSupportFrames').border = protocol.border
        pipeline_step(dataset.pipeline, 'TopdownClipAffine').warp = protocol.warp
        cfg[f'{split}_evaluator'].update(
            score_rule=protocol.score_rule, nms=protocol.nms, protocol=f'{name}: {protocol}'
        )
    cfg.model.test_cfg.update(
        flip_test=protocol.flip_test, flip_mode='heatmap', shift_heatmap=protocol.flip_test
    )
    cfg.model.head.decoder = {**cfg.codec, 'decoding': protocol.decoding}
    if protocol.decoding == 'mmpose':
        sizes = {key: cfg.codec[key] for key in ('input_size', 'heatmap_size', 'sigma')}
        cfg.model.head.decoder = {'type': 'MSRAHeatmap', **sizes}
