_base_ = './jm-pose_resnet18_1xb16_synthetic-128x96.py'

# Three iterations on a CPU in under a minute, on a few frames that are rendered first.
data_root = 'data/synthetic/debug/'
tiny = dict(videos_train=1, videos_val=1, frames=6, size=(160, 120))
model = dict(
    backbone=dict(deconv_channels=(16, 16, 16)),
    neck=dict(in_channels=(64, 128, 256, 16), channels=16, joint_learner=dict(deform_groups=4)),
    head=dict(in_channels=16),
)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, settings=tiny),
)
val_dataloader = dict(batch_size=4, num_workers=0, dataset=dict(data_root=data_root, settings=tiny))
val_evaluator = dict(ann_file=f'{data_root}annotations/posetrack18_val.json')
test_dataloader = val_dataloader
test_evaluator = val_evaluator

train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=3, val_interval=3)
param_scheduler = None
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=3), logger=dict(interval=1, log_metric_by_epoch=False)
)
log_processor = dict(by_epoch=False)
