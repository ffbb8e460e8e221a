_base_ = './single-frame_resnet50.py'

# Narrow deconvolutions: this one is for small inputs and two processor cores.
model = dict(
    backbone=dict(backbone=dict(depth=18), in_channels=512, deconv_channels=(64, 64, 32)),
    head=dict(in_channels=32),
    test_cfg=dict(flip_test=False),  # the people of the embedded data must not be mirrored
)
load_from = None
