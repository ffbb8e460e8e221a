# FAMI-Pose, network and objective. Features are told to be worth something to the prediction: with
# y the heatmaps, alpha * (-beta I(y;aligned|key) + I(y;supports|aligned) + I(y;key|aligned)), each
# conditional information written as two terms and its third term dropped; alpha = 0.5, beta = 0.1.
# See docs/fami_pose.md.
neck = dict(type='jmpose_mm.FeatureAlignmentNeck', frame_offsets=(-2, -1, 0, 1, 2))
head = dict(
    loss_terms=dict(
        type='jmpose_mm.MutualInformationLoss',
        estimator='released',
        terms=dict(
            heatmaps_aligned=dict(
                first='aligned_heatmaps', second='heatmaps', weight=-0.05, detach='first'
            ),
            aligned_key=dict(first='key', second='aligned', weight=0.05, detach='first'),
            heatmaps_supports=dict(
                first='supports_heatmaps', second='heatmaps', weight=0.5, detach='first'
            ),
            aligned_supports=dict(first='supports', second='aligned', weight=-0.5, detach='first'),
            heatmaps_key=dict(
                first='initial_heatmaps', second='heatmaps', weight=0.5, detach='first'
            ),
            # The same pair again, as the second half of another conditional information.
            aligned_key_again=dict(first='key', second='aligned', weight=-0.5, detach='first'),
        ),
    )
)
