_base_ = './single-frame_hrnet-w48.py'

# Each stage makes its joint features complement its motion features given the key frame's
# heatmaps: I(J;M|H) = I(J;M) - I(M;H) + I(M;H|J). See docs/jm_pose.md.
information_weight = 1e-4
information_terms = [
    term
    for i in (1, 2)
    for term in (
        dict(
            name=f'joint_motion_{i}',
            first=f'joint_{i}',
            second=f'motion_{i}',
            weight=information_weight,
        ),
        dict(
            name=f'motion_heatmaps_{i}',
            first=f'motion_{i}',
            second='initial_heatmaps',
            weight=-information_weight,
        ),
        dict(
            name=f'motion_heatmaps_given_joint_{i}',
            first=f'motion_{i}',
            second='initial_heatmaps',
            given=f'joint_{i}',
            weight=information_weight,
        ),
    )
]

model = dict(
    neck=dict(
        type='jmpose_mm.JointMotionNeck',
        in_channels=(48, 48, 48, 48),
        num_keypoints=17,
        frame_offsets=(-2, -1, 0, 1, 2),
        channels=48,
        motion='key+difference',
        joint_learner=dict(deform_groups=12, dilation=3),
        mutual_learning=dict(num_stages=2, num_heads=4),
    ),
    head=dict(
        _delete_=True,
        type='jmpose_mm.VideoPoseHead',
        in_channels=48,
        out_channels=17,
        final_layer=dict(kernel_size=3, padding=1),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        loss_terms=dict(type='jmpose_mm.MutualInformationLoss', terms=information_terms),
    ),
    frozen=('backbone', 'neck.heatmap_layer'),
)
