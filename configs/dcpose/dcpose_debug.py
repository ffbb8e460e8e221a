_base_ = [
    '../_base_/debug_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/dcpose.py',
    '../_base_/datasets/debug-clips.py',
    '../_base_/schedules/debug-3iter.py',
]

model = dict(neck=_base_.neck, head=dict(**_base_.head, decoder=_base_.codec))

# Three frames instead of five.
frames = dict(_base_.frames, frame_offsets=(-1, 0, 1))
train_pipeline = [frames, *_base_.load_train, _base_.crop, *_base_.pack_train]
test_pipeline = [frames, *_base_.load_test, _base_.crop, *_base_.pack_test]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
