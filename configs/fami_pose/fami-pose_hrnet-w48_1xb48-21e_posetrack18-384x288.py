_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/fami-pose.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adam-21e.py',
]

# The released protocol: no flip test, peaks shifted by a quarter pixel.
model = dict(
    neck=_base_.neck,
    head=dict(**_base_.head, decoder=dict(_base_.codec, decoding='quarter-offset')),
    test_cfg=dict(flip_test=False),
)
train_dataloader = dict(batch_size=48)
