_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/posewarper.py',
    '../_base_/datasets/posetrack17-clips.py',
    '../_base_/schedules/adam-20e.py',
]

# The released protocol: classic warp, no flip test, peaks shifted by a quarter pixel.
pair = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(-2, -1, 0, 1, 2), pairs=True)
crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=_base_.codec['input_size'])
train_pipeline = [pair, *_base_.train_pipeline[1:6], crop, *_base_.train_pipeline[7:]]
test_pipeline = [*_base_.test_pipeline[:3], crop, _base_.test_pipeline[-1]]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

model = dict(
    neck=_base_.neck,
    head=dict(**_base_.head, decoder=dict(_base_.codec, decoding='quarter-offset')),
    test_cfg=dict(flip_test=False),
)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[10, 15], gamma=0.1, by_epoch=True)]
# mmpose's single-frame model, fine-tuned on PoseTrack18, is the frozen backbone.
load_from = 'https://download.openmmlab.com/mmpose/top_down/hrnet/hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth'
