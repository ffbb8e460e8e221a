"""Ready configs of an own data set: texts that inherit this package's, with all counts right."""

from __future__ import annotations

from jmpose_mm.datasets.conversion.own_data.config_facts import BACKBONES, METHODS, ConfigFacts
from jmpose_mm.errors import cut

__all__ = ['config_texts']


_HELD_OUT = """\
val_dataloader = dict(
    dataset=dict(data_root=data_root, metainfo=metainfo, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
"""
_NOTHING_HELD_OUT = """\
# No video is held out: numbers of a test are those of training videos.
test_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/train.json',
        pipeline=test_pipeline,
    )
)
"""


def config_texts(facts: ConfigFacts) -> dict[str, str]:
    """The configs by file name, ``data.py`` for what both models share; a teacher is trained."""
    texts = {'data.py': _data(facts), 'single_frame.py': _single_frame(facts)}
    if facts.teacher is not None:
        del texts['single_frame.py']
    return {**texts, f'{facts.method}.py': _video(facts)}


def _data(facts: ConfigFacts) -> str:
    wide, high = facts.size
    grid = (wide // 4, high // 4)
    blur = ', blur_kernel_size=7' if min(grid) <= 32 else ''
    seconds, frames = '', '_base_.frames'
    if facts.milliseconds is not None:
        offsets = _seconds(facts.milliseconds, (-2, -1, 0, 1, 2))
        frames = 'frames'
        seconds = (
            '# Frames are named by milliseconds: windows are chosen by time.\n'
            f'frames = dict(_base_.frames, offsets_seconds={offsets}, frame_rate=1000)\n'
        )
    base, made_by, degrade, weigh = _labels(facts)
    # A name with a line break would end the comment, and what follows would be run as code.
    category = cut(facts.category)
    return f"""\
# {facts.joints} joints of {category}; made by {made_by}.
_base_ = 'jmpose_mm::_base_/datasets/{base}-clips.py'

data_root = '{{{{ fileDirname }}}}/../'
metainfo = dict(from_file='{{{{ fileDirname }}}}/../metainfo.py')
codec = dict(
    type='jmpose_mm.ReleasedHeatmap',
    input_size={(wide, high)},
    heatmap_size={grid},
    sigma=2,
    decoding='dark'{blur},
)
{seconds}crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'])
pack_train = [
{degrade}    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
{weigh}    *_base_.pack_test,
]
train_pipeline = [{frames}, *_base_.load_train, crop, *pack_train]
test_pipeline = [{frames}, *_base_.load_test, crop, *_base_.pack_test]
train_dataloader = dict(
    dataset=dict(data_root=data_root, metainfo=metainfo, pipeline=train_pipeline)
)
{_HELD_OUT if facts.held_out else _NOTHING_HELD_OUT}"""


def _labels(facts: ConfigFacts) -> tuple[str, str, str, str]:
    """The base, who made the labels, and the steps of the pipeline that these need."""
    if facts.teacher is None:
        return 'own', 'tools/convert_dataset.py, see docs/own_data.md', '', ''
    degrade = f'    dict(_base_.degrade, prob={facts.teacher.degraded}),\n'
    made_by = 'tools/train_on_videos.py, see docs/few_labels.md'
    return 'pseudo-labelled', made_by, degrade, '    _base_.weigh,\n'


def _schedule(facts: ConfigFacts, video: bool, own_pipeline: bool) -> str:
    """Epochs enough for a number of iterations, and a handful of validations."""
    backbone = BACKBONES[facts.backbone]
    batch = min(backbone.batch[video], max(1, facts.samples))
    of_epoch = max(1, facts.samples // batch)
    iterations = backbone.iterations // (2 if video else 1)
    if facts.teacher is not None and facts.teacher.iterations is not None:
        iterations = facts.teacher.iterations
    least = 4 if facts.teacher is None else 1
    epochs = min(200, max(least, -(-iterations // of_epoch)))
    interval = max(1, epochs // 8)
    best = ", save_best='keypoints/PCK@0.2'" if facts.held_out else ''
    pipeline = ', dataset=dict(pipeline=train_pipeline)' if own_pipeline else ''
    no_val = '' if facts.held_out else 'val_cfg = val_dataloader = val_evaluator = None\n'
    return f"""\
# {facts.samples} samples, {epochs * of_epoch} iterations
train_dataloader = dict(batch_size={batch}{pipeline})
train_cfg = dict(max_epochs={epochs}, val_interval={interval})
optim_wrapper = dict(optimizer=dict(lr={backbone.rate}))
param_scheduler = dict(total_steps={epochs}, eta_max={backbone.rate})
default_hooks = dict(checkpoint=dict(interval={interval}{best}))
{no_val}"""


def _tested(facts: ConfigFacts) -> str:
    """Loaders of a config with a test pipeline of its own."""
    if facts.held_out:
        return """\
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
"""
    return 'test_dataloader = dict(dataset=dict(pipeline=test_pipeline))\n'


def _single_frame(facts: ConfigFacts) -> str:
    backbone = BACKBONES[facts.backbone]
    start = 'None  # random weights' if facts.start is None else repr(facts.start)
    return f"""\
# The image model, to be trained first: mim train jmpose_mm single_frame.py
_base_ = [
    'jmpose_mm::_base_/default_runtime.py',
    'jmpose_mm::_base_/models/single-frame_{backbone.model}.py',
    './data.py',
    'jmpose_mm::_base_/schedules/onecycle-4e.py',
]

key_frame = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(0,))
train_pipeline = [key_frame, *_base_.load_train, _base_.crop, *_base_.pack_train]
test_pipeline = [key_frame, *_base_.load_test, _base_.crop, *_base_.pack_test]
{_tested(facts)}model = dict(
    head=dict(out_channels={facts.joints}, decoder=_base_.codec),
    test_cfg=dict(flip_test=True),
)
{_schedule(facts, video=False, own_pipeline=True)}
load_from = {start}
work_dir = '{{{{ fileDirname }}}}/../work_dirs/single_frame'
"""


def _video(facts: ConfigFacts) -> str:
    backbone, parts = BACKBONES[facts.backbone], METHODS[facts.method]
    neck, head = parts.get('neck', ''), parts.get('head', '')
    if parts.get('ends'):
        head = f'in_channels={facts.joints}, '
    elif facts.backbone == 'vit-s':
        neck, head = neck + 'channels=48, ', head + 'in_channels=48, '
    pipelines = _pipelines(facts)
    own = 'train_pipeline' in pipelines
    if facts.teacher is not None:
        head += 'ensemble=True, '  # docs/few_labels.md: it loses less on clean frames
    start, of = (
        "'{{ fileDirname }}/../work_dirs/single_frame'",
        'whose best checkpoint it finds: train that first',
    )
    if facts.teacher is not None:
        start, of = repr(facts.teacher.weights), 'as which it starts'
    return f"""\
# {facts.method} on top of the image model, {of}.
_base_ = [
    'jmpose_mm::_base_/default_runtime.py',
    'jmpose_mm::_base_/models/video_{backbone.model}.py',
    'jmpose_mm::_base_/necks/{facts.method.replace('_', '-')}.py',
    './data.py',
    'jmpose_mm::_base_/schedules/onecycle-4e.py',
]

model = dict(
    neck=dict(_base_.neck, {neck}num_keypoints={facts.joints}),
    head=dict(_base_.head, {head}out_channels={facts.joints}, decoder=_base_.codec),
    test_cfg=dict(flip_test=True),
{parts.get('frozen', '')})
{pipelines}{_schedule(facts, video=True, own_pipeline=own)}
load_from = {start}
work_dir = '{{{{ fileDirname }}}}/../work_dirs/{facts.method}'
"""


def _pipelines(facts: ConfigFacts) -> str:
    """Those of a method that has a window of its own, or trains on pairs; else nothing."""
    parts = METHODS[facts.method]
    lines = ''
    if 'offsets' in parts:
        extra = f'frame_offsets={parts["offsets"]}'
        if facts.milliseconds is not None:
            extra += f', offsets_seconds={_seconds(facts.milliseconds, parts["offsets"])}'
        lines = f'frames = dict(_base_.frames, {extra})\n'
        lines += 'train_pipeline = [frames, *_base_.load_train, _base_.crop, *_base_.pack_train]\n'
        lines += 'test_pipeline = [frames, *_base_.load_test, _base_.crop, *_base_.pack_test]\n'
        lines += _tested(facts)
    if parts.get('pairs'):
        lines = 'pair = dict(_base_.frames, pairs=True)\n'
        lines += 'train_pipeline = [pair, *_base_.load_train, _base_.crop, *_base_.pack_train]\n'
    return lines


def _seconds(milliseconds: float, offsets: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(round(offset * milliseconds / 1000, 6) for offset in offsets)
