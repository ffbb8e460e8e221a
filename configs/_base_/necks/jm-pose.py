# JM-Pose, figure and objective. Each stage makes its joint features complement its motion features
# given the key frame's heatmaps: I(J;M|H) = I(J;M) - I(M;H) + I(M;H|J). See docs/jm_pose.md.
neck = dict(
    type='jmpose_mm.JointMotionNeck',
    frame_offsets=(-2, -1, 0, 1, 2),
    motion='key+difference',
    joint_learner=dict(dilation=3),
    mutual_learning=dict(num_stages=2, num_heads=4, gate='conv'),
)
# A star is each stage that the neck has.
head = dict(
    loss_terms=dict(
        type='jmpose_mm.MutualInformationLoss',
        weight=1e-4,
        terms=dict(
            joint_motion=dict(first='joint_*', second='motion_*'),
            motion_heatmaps=dict(first='motion_*', second='initial_heatmaps', weight=-1.0),
            motion_heatmaps_given_joint=dict(
                first='motion_*', second='initial_heatmaps', given='joint_*'
            ),
        ),
    )
)
