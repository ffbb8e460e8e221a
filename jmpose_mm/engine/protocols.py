"""Evaluation protocols: what moves a number besides the weights, set in a config, read off a run.

docs/protocols.md gives the source of each rule.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmpose_mm.engine.configs import pipeline_step, type_name
from jmpose_mm.errors import UsageError

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['PROTOCOLS', 'Protocol', 'apply_protocol', 'read_protocol']

GROUND_TRUTH = 'ground truth'
_BLUR = 11  # of DARK in the released codes

_DCPOSE = dict(
    box_threshold=0.2,
    nms=None,
    score_rule='keypoint*box',
    flip_test='none',
    ensemble=False,
    decoding='quarter-offset',
    warp='classic',
    border='clamp',
)
_FAMI = _DCPOSE | dict(warp='released', border='released')
# The rules of the code bases, by the fields of `Protocol`.
PROTOCOLS: dict[str, dict[str, Any]] = {
    'released-dcpose': _DCPOSE,
    'released-fami': _FAMI,
    'released-jm': _FAMI | dict(flip_test='shifted', decoding='dark'),
    'mmpose': _DCPOSE
    | dict(
        box_threshold=0.4, nms=0.9, score_rule='keypoint', flip_test='shifted', decoding='mmpose'
    ),
}


@dataclass(frozen=True)
class Protocol:
    """What a number holds under.

    Attributes:
        boxes: ``'ground truth'``, or the file of detected boxes and the detectors that it names.
        box_threshold: Score below which detected boxes are left out; None for ground truth.
        frames: Distance of each frame from the key frame, and how they are drawn if they are.
        border: Rule for frames outside of the video, see `support_frames`.
        input_size: ``(W, H)`` of the crop in pixels.
        padding: Side of the crop divided by that of the box.
        warp: Map from image to crop, see `warp_matrix`.
        flip_test: ``'none'``; ``'plain'``: the mean with the mirrored clip; ``'shifted'``: with its
            heatmaps moved by one pixel.
        ensemble: True where the prediction is a mean with the single frame's, see `VideoPoseHead`.
        decoding: ``'quarter-offset'`` and ``'dark'`` are those of `ReleasedHeatmap`, ``'mmpose'``
            is mmpose's quarter offset, which judges each axis alone near borders.
        score_rule: Score that ranks joints, see `PoseTrackAPMetric`; None where nothing is ranked.
        nms: OKS above which the worse of two persons is left out, or None.
    """

    boxes: str
    box_threshold: float | None
    frames: str
    border: str
    input_size: tuple[int, int]
    padding: float
    warp: str
    flip_test: str
    ensemble: bool
    decoding: str
    score_rule: str | None
    nms: float | None

    @property
    def name(self) -> str | None:
        """The code base that has exactly these rules, if there is one."""
        own = asdict(self)
        for name, rules in PROTOCOLS.items():
            ignored = {'box_threshold'} if self.box_threshold is None else set()
            ignored |= {'score_rule'} if self.score_rule is None else set()
            if all(own[field] == rule for field, rule in rules.items() if field not in ignored):
                return name
        return None

    @property
    def boxes_text(self) -> str:
        """The boxes and their threshold as one text."""
        if self.box_threshold is None:
            return self.boxes
        return f'{self.boxes}, score >= {self.box_threshold:g}'

    def __str__(self) -> str:
        flip = {'none': 'no flip test', 'plain': 'flip test', 'shifted': 'flip test with shift'}
        wide, high = self.input_size
        rules = [
            flip[self.flip_test],
            *['mean with the single frame'] * self.ensemble,
            f'{self.decoding} decoding',
            f'{self.warp} warp',
            f'padding {self.padding:g}',
            f'{self.border} border',
            f'frames {self.frames}',
            f'input {wide}x{high}',
        ]
        return f'{self.name}: ' * bool(self.name) + ', '.join(rules)

    def label(self) -> dict[str, str]:
        """What stands beside a number: ``boxes`` and ``protocol``."""
        return {'boxes': self.boxes_text, 'protocol': str(self)}


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
    rules = PROTOCOLS[name]
    for split in [split for split in ('val', 'test') if cfg.get(f'{split}_dataloader')]:
        dataset = cfg[f'{split}_dataloader'].dataset
        if dataset.get('bbox_file'):
            dataset.bbox_score_threshold = rules['box_threshold']
        pipeline_step(dataset.pipeline, 'SampleSupportFrames').border = rules['border']
        pipeline_step(dataset.pipeline, 'TopdownClipAffine').warp = rules['warp']
        for evaluator in _ranking_evaluators(cfg, split):
            evaluator.update(score_rule=rules['score_rule'], nms=rules['nms'])
    flip_test = rules['flip_test'] != 'none'
    cfg.model.test_cfg.update(flip_test=flip_test, flip_mode='heatmap', shift_heatmap=flip_test)
    cfg.model.head.pop('ensemble', None)
    decoder = cfg.model.head.decoder
    if rules['decoding'] == 'mmpose':
        sizes = {key: decoder[key] for key in ('input_size', 'heatmap_size', 'sigma')}
        cfg.model.head.decoder = {'type': 'MSRAHeatmap', **sizes}
    else:
        decoder.decoding = rules['decoding']


def _ranking_evaluators(cfg: Config, split: str) -> list[Any]:
    """The evaluators that rank joints by a score rule."""
    evaluators = cfg[f'{split}_evaluator']
    evaluators = evaluators if isinstance(evaluators, (list, tuple)) else [evaluators]
    ranking = [e for e in evaluators if type_name(e) in ('PoseTrackAPMetric', 'HieveAPMetric')]
    if not ranking:
        types = ', '.join(str(e['type']) for e in evaluators)
        raise UsageError(
            f'protocol: expected PoseTrackAPMetric or HieveAPMetric in {split}_evaluator, which '
            f'rank by a score rule, got {types}'
        )
    return ranking


def read_protocol(dataset: Any, model: Any, metric: Any = None) -> Protocol:
    """The protocol of a run, read off the objects that ran: the inverse of `apply_protocol`.

    Args:
        dataset: A top-down data set with its pipeline, or a wrapper of one or several.
        model: A top-down estimator, wrapped for distribution or not.
        metric: The metric that evaluates, for ``score_rule`` and ``nms``.
    """
    model = getattr(model, 'module', model)
    while hasattr(dataset, 'dataset'):  # mmengine's wrappers of one data set
        dataset = dataset.dataset
    pipelines = [getattr(part, 'pipeline', None) for part in (dataset, *_parts(dataset))]
    transforms = [step for one in pipelines for step in getattr(one, 'transforms', ())]
    steps = {type(step).__name__: step for step in transforms}
    frames = steps.get('SampleSupportFrames')
    crop = next((step for name, step in steps.items() if name.endswith('Affine')), None)
    boxes, threshold = _boxes(dataset)
    head = getattr(model, 'head', None)
    return Protocol(
        boxes=boxes,
        box_threshold=threshold,
        frames=_frames(frames),
        border=getattr(frames, 'border', 'no'),
        input_size=tuple(getattr(crop, 'input_size', (0, 0))),
        padding=float(getattr(steps.get('GetBBoxCenterScale'), 'padding', 1.0)),
        warp=getattr(crop, 'warp', 'udp' if getattr(crop, 'use_udp', False) else 'classic'),
        flip_test=_flip_test(getattr(model, 'test_cfg', None) or {}),
        ensemble=getattr(head, 'ensemble', False),
        decoding=_decoding(getattr(head, 'decoder', None)),
        score_rule=getattr(metric, 'score_rule', getattr(metric, 'score_mode', None)),
        nms=_nms(metric),
    )


def _parts(dataset: Any) -> list[Any]:
    """The data sets that are joined in one; none where it is a single one."""
    return list(getattr(dataset, 'datasets', ()))


def _boxes(dataset: Any) -> tuple[str, float | None]:
    """Name of the boxes, and the threshold of detected ones."""
    found = list(dict.fromkeys(map(_boxes, _parts(dataset))))
    if found:
        names = [name if least is None else f'{name}, score >= {least:g}' for name, least in found]
        return found[0] if len(found) == 1 else (' and '.join(names), None)
    file = getattr(dataset, 'bbox_file', None)
    if not file:
        return GROUND_TRUTH, None
    detectors = ', '.join(getattr(dataset, 'detectors', ()))
    name = Path(file).name + f' ({detectors})' * bool(detectors)
    return name, float(getattr(dataset, 'bbox_score_threshold', 0.0))


def _frames(step: Any) -> str:
    if step is None:
        return '0'
    text = getattr(step, 'offsets_text', None) or ' '.join(map(str, step.frame_offsets))
    if step.distance is not None:
        text += f' drawn within {step.distance}'
    if getattr(step, 'pairs', False):
        text += ' in pairs'
    return f'{text} as copies of the key frame' if step.copies_of_key else text


def _flip_test(test_cfg: dict[str, Any]) -> str:
    if not test_cfg.get('flip_test'):
        return 'none'
    return 'shifted' if test_cfg.get('shift_heatmap') else 'plain'


def _decoding(codec: Any) -> str:
    if codec is None:
        return 'no'
    name, decoding = type(codec).__name__, getattr(codec, 'decoding', None)
    if name == 'MSRAHeatmap':
        decoding = 'mmpose dark' if codec.unbiased else 'mmpose'
    blur = getattr(codec, 'blur_kernel_size', _BLUR)
    blurred = f' (blur {blur})' if decoding in ('dark', 'mmpose dark') and blur != _BLUR else ''
    return f'{decoding or name}{blurred}'


def _nms(metric: Any) -> float | None:
    if getattr(metric, 'nms_mode', 'none') != 'none':  # mmpose's own metric
        return float(metric.nms_thr)
    return getattr(metric, 'nms', None)
