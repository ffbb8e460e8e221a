_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_hrnet-w48.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adamw-20e-fine-tuning.py',
]

train_dataloader = dict(dataset=dict(pipeline=_base_.key_frame_train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.key_frame_test_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))
