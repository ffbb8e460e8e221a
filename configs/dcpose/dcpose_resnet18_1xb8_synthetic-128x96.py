_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_resnet18.py',
    '../_base_/necks/dcpose.py',
    '../_base_/datasets/synthetic-clips.py',
    '../_base_/schedules/onecycle-4e.py',
]

model = dict(
    neck=_base_.neck,
    head=dict(**_base_.head, decoder=_base_.codec),
    test_cfg=dict(flip_test=False),
)

# Three frames instead of five.
frames = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(-1, 0, 1))
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=[frames, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[frames, *_base_.test_pipeline[1:]]))
test_dataloader = val_dataloader

# A heavier neck: three epochs take the time of JM-Pose's four.
train_cfg = dict(max_epochs=3)
param_scheduler = dict(total_steps=3)
# The frozen part: train that config first, or let `make demo` train both.
load_from = 'work_dirs/single-frame_resnet18_1xb16_synthetic-128x96/epoch_8.pth'
