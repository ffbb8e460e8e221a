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
)
train_dataloader = dict(batch_size=8)
# The frozen part: train that config first, or let `make demo` train both.
load_from = 'work_dirs/single-frame_resnet18_1xb16_synthetic-128x96/epoch_8.pth'
