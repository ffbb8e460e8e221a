_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_resnet18.py',
    '../_base_/datasets/synthetic-clips.py',
    '../_base_/schedules/onecycle-4e.py',
]

frames = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(0,))
train_dataloader = dict(dataset=dict(pipeline=[frames, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[frames, *_base_.test_pipeline[1:]]))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec), test_cfg=dict(flip_test=False))

train_cfg = dict(max_epochs=8)
param_scheduler = dict(total_steps=8)
