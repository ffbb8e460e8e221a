_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/posewarper.py',
    '../_base_/datasets/synthetic-clips.py',
    '../_base_/schedules/onecycle-4e.py',
]

# Smaller than published, for two processor cores and maps of 32 x 24.
model = dict(
    neck=dict(
        **_base_.neck,
        offset_features=dict(out_channels=64, num_blocks=4),
        dilations=(1, 2, 3, 6, 9),
    ),
    head=dict(**_base_.head, decoder=_base_.codec),
)
pair = dict(_base_.frames, pairs=True)
train_pipeline = [pair, *_base_.load_train, _base_.crop, *_base_.pack_train]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
# The frozen part: train that config first, or let `make demo` train both.
load_from = 'work_dirs/single-frame_resnet18_1xb16_synthetic-128x96/epoch_8.pth'
