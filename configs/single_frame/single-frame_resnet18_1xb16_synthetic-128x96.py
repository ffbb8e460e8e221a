_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_resnet18.py',
    '../_base_/datasets/synthetic-clips.py',
    '../_base_/schedules/onecycle-4e.py',
]

frames = dict(_base_.frames, frame_offsets=(0,))
train_pipeline = [frames, *_base_.load_train, _base_.crop, *_base_.pack_train]
test_pipeline = [frames, *_base_.load_test, _base_.crop, *_base_.pack_test]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))

train_cfg = dict(max_epochs=8)
param_scheduler = dict(total_steps=8)
