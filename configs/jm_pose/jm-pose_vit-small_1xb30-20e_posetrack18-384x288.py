_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_vit-small.py',
    '../_base_/necks/jm-pose.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

model = dict(
    neck=dict(**_base_.neck, channels=48),
    head=dict(**_base_.head, in_channels=48, decoder=_base_.codec),
)
# Two steps: this is what the single frame's config makes of mmpose's ViTPose of COCO.
load_from = 'work_dirs/single-frame_vit-small_1xb30-20e_posetrack18-384x288/epoch_20.pth'
