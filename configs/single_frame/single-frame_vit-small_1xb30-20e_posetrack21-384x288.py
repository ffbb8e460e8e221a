_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_vit-small.py',
    '../_base_/datasets/posetrack21-clips.py',
    '../_base_/schedules/adamw-20e-layer-decay.py',
]

train_dataloader = dict(dataset=dict(pipeline=_base_.key_frame_train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.key_frame_test_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))
