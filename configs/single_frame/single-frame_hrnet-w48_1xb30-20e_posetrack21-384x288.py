_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_hrnet-w48.py',
    '../_base_/datasets/posetrack21-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

key_frame = dict(_base_.frames, frame_offsets=(0,))
train_pipeline = [key_frame, *_base_.load_train, _base_.crop, *_base_.pack_train]
test_pipeline = [key_frame, *_base_.load_test, _base_.crop, *_base_.pack_test]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))
# The video models freeze this one: fine-tune it where the data is not PoseTrack18.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
load_from = 'https://download.openmmlab.com/mmpose/top_down/hrnet/hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth'
