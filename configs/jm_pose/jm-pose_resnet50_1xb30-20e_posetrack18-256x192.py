_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_resnet50.py',
    '../_base_/necks/jm-pose.py',
    '../_base_/datasets/posetrack18-clips-256x192.py',
    '../_base_/schedules/adamw-20e.py',
]

model = dict(
    neck=dict(**_base_.neck, channels=48),
    head=dict(**_base_.head, in_channels=48, decoder=_base_.codec),
)
