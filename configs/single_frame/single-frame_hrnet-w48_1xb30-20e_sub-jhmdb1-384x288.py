_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_hrnet-w48.py',
    '../_base_/datasets/sub-jhmdb-clips.py',
    '../_base_/schedules/adamw-20e-fine-tuning.py',
]

train_dataloader = dict(dataset=dict(pipeline=_base_.key_frame_train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.key_frame_test_pipeline))
test_dataloader = val_dataloader
# Of the PoseTrack18 model all but the last layer is loaded, which has other joints. The video
# models freeze what is trained here.
model = dict(head=dict(out_channels=15, decoder=_base_.codec))
