_base_ = './video_resnet50.py'

model = dict(
    backbone=dict(backbone=dict(depth=18), in_channels=512, deconv_channels=(64, 64, 32)),
    neck=dict(in_channels=(64, 128, 256, 32)),
    head=dict(in_channels=32),
    test_cfg=dict(flip_test=False),  # the people of the embedded data must not be mirrored
)
# The config names what the single frame was trained to.
load_from = None
