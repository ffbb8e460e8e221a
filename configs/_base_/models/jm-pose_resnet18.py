_base_ = './jm-pose_resnet50.py'

model = dict(
    backbone=dict(backbone=dict(depth=18), in_channels=512, deconv_channels=(64, 64, 64)),
    neck=dict(
        in_channels=(64, 128, 256, 64), channels=32, joint_learner=dict(deform_groups=4, dilation=1)
    ),
    head=dict(in_channels=32),
)
