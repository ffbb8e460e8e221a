_base_ = [
    '../_base_/debug_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/tdmi.py',
    '../_base_/datasets/debug-clips.py',
    '../_base_/schedules/debug-3iter.py',
]

model = dict(neck=_base_.neck, head=dict(**_base_.head, decoder=_base_.codec))
