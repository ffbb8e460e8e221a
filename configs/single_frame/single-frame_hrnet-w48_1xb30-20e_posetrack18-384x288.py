_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_hrnet-w48.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

key_frame = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(0,))
train_dataloader = dict(dataset=dict(pipeline=[key_frame, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[key_frame, *_base_.test_pipeline[1:]]))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))
# The video models freeze this one: fine-tune it where the data is not PoseTrack18.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
load_from = 'https://download.openmmlab.com/mmpose/top_down/hrnet/hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth'
