# FAMI-Pose's released recipe: Adam without decay, 21 epochs, no warm-up, no clipping.
train_cfg = dict(by_epoch=True, max_epochs=21, val_interval=1)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [dict(type='MultiStepLR', milestones=[8, 12, 16], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=48)
