# DCPose's released recipe for PoseTrack17: Adam without decay. Its milestones 4, 8, 12, 16 take
# effect an epoch late, which the ones here reproduce.
train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [dict(type='MultiStepLR', milestones=[5, 9, 13, 17], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=64)
