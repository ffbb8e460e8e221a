_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/jm-pose.py',
    '../_base_/datasets/posetrack21-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

model = dict(neck=_base_.neck, head=dict(**_base_.head, decoder=_base_.codec))
