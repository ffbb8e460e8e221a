# JM-Pose's released recipe: AdamW with torch's default decay, no warm-up, no clipping.
train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01))
param_scheduler = [dict(type='MultiStepLR', milestones=[6, 12, 18], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=30)
