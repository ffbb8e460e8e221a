_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/posewarper.py',
    '../_base_/datasets/posetrack21-clips.py',
    '../_base_/schedules/adam-20e-posewarper.py',
]

# The released protocol: classic warp, no flip test, peaks shifted by a quarter pixel.
pair = dict(_base_.frames, pairs=True)
train_pipeline = [pair, *_base_.load_train, _base_.classic_crop, *_base_.pack_train]
test_pipeline = [_base_.frames, *_base_.load_test, _base_.classic_crop, *_base_.pack_test]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

model = dict(
    neck=_base_.neck,
    head=dict(**_base_.head, decoder=dict(_base_.codec, decoding='quarter-offset')),
    test_cfg=dict(flip_test=False),
)
