_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/tar.py',
    '../_base_/datasets/synthetic-clips.py',
    '../_base_/schedules/onecycle-4e.py',
]

model = dict(
    neck=_base_.neck,
    head=dict(**_base_.head, decoder=_base_.codec),
    frozen=('backbone',),
    test_cfg=dict(flip_test=False),
)
train_dataloader = dict(batch_size=8)
