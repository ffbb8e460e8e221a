_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/dcpose.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adam-20e.py',
]

# The released protocol: classic warp, no flip test, peaks shifted by a quarter pixel.
frames = dict(_base_.frames, frame_offsets=(-1, 0, 1))
train_pipeline = [frames, *_base_.load_train, _base_.classic_crop, *_base_.pack_train]
test_pipeline = [frames, *_base_.load_test, _base_.classic_crop, *_base_.pack_test]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

model = dict(
    neck=_base_.neck,
    head=dict(**_base_.head, decoder=dict(_base_.codec, decoding='quarter-offset')),
    test_cfg=dict(flip_test=False),
)
# The released recipe for 2018: a small rate that hardly decays.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[5, 9, 13, 17], gamma=0.99, by_epoch=True)]
