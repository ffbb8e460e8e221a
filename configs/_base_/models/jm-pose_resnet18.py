_base_ = './jm-pose_resnet50.py'

model = dict(
    backbone=dict(backbone=dict(depth=18), in_channels=512, deconv_channels=(64, 64, 64)),
    neck=dict(in_channels=(64, 128, 256, 64), joint_learner=dict(dilation=1)),
)
