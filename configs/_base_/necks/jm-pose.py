# JM-Pose, figure and objective. Each stage makes its joint features complement its motion features
# given the key frame's heatmaps: I(J;M|H) = I(J;M) - I(M;H) + I(M;H|J). See docs/jm_pose.md.
neck = dict(
    type='jmpose_mm.JointMotionNeck',
    frame_offsets=(-2, -1, 0, 1, 2),
    motion='key+difference',
    joint_learner=dict(dilation=3),
    mutual_learning=dict(num_stages=2, num_heads=4, gate='conv'),
)

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
head = dict(loss_terms=dict(type='jmpose_mm.MutualInformationLoss', terms=information_terms))
