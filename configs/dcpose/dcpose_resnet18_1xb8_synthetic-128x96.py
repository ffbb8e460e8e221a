_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/dcpose.py',
    '../_base_/datasets/synthetic-clips.py',
    '../_base_/schedules/onecycle-4e.py',
]

model = dict(neck=_base_.neck, head=dict(**_base_.head, decoder=_base_.codec))

# Three frames instead of five.
frames = dict(_base_.frames, frame_offsets=(-1, 0, 1))
train_pipeline = [frames, *_base_.load_train, _base_.crop, *_base_.pack_train]
test_pipeline = [frames, *_base_.load_test, _base_.crop, *_base_.pack_test]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# A heavier neck: three epochs take the time of JM-Pose's four.
train_cfg = dict(max_epochs=3)
param_scheduler = dict(total_steps=3)
# The frozen part: train that config first, or let `make demo` train both.
load_from = 'work_dirs/single-frame_resnet18_1xb16_synthetic-128x96/epoch_8.pth'
