_base_ = './single-frame_hrnet-w48.py'

# The frozen image model, a neck of `_base_/necks/` and a head.
model = dict(
    neck=dict(in_channels=(48, 48, 48, 48), num_keypoints=17),
    head=dict(
        _delete_=True,
        type='jmpose_mm.VideoPoseHead',
        in_channels=48,
        out_channels=17,
        final_layer=dict(kernel_size=3, padding=1),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
    ),
    frozen=('backbone', 'neck.heatmap_layer'),
)
