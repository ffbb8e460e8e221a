_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_resnet18.py',
    '../_base_/datasets/synthetic-clips.py',
]

train_pipeline = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(0,)),
    *_base_.train_pipeline[1:],
]
test_pipeline = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(0,)),
    *_base_.test_pipeline[1:],
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.decoder), test_cfg=dict(flip_test=False))

train_cfg = dict(by_epoch=True, max_epochs=7)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=2e-3,
    total_steps=7,
    pct_start=0.15,
    by_epoch=True,
    convert_to_iter_based=True,
)
