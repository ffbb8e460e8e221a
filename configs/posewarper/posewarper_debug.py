_base_ = [
    '../_base_/debug_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/posewarper.py',
    '../_base_/datasets/debug-clips.py',
    '../_base_/schedules/debug-3iter.py',
]

model = dict(
    neck=dict(**_base_.neck, offset_features=dict(out_channels=32, num_blocks=2)),
    head=dict(**_base_.head, decoder=_base_.codec),
)
pair = dict(_base_.frames, pairs=True)
train_pipeline = [pair, *_base_.load_train, _base_.crop, *_base_.pack_train]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
