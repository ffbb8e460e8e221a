# FAMI-Pose, network and objective. Features are told to be worth something to the prediction: with
# y the heatmaps, alpha * (-beta I(y;aligned|key) + I(y;supports|aligned) + I(y;key|aligned)), each
# conditional information written as two terms and its third term dropped. See docs/fami_pose.md.
neck = dict(type='jmpose_mm.FeatureAlignmentNeck', frame_offsets=(-2, -1, 0, 1, 2))

alpha, beta = 0.5, 0.1
information_terms = [
    dict(
        name='heatmaps_aligned', first='aligned_heatmaps', second='heatmaps', weight=-alpha * beta
    ),
    dict(name='aligned_key', first='key', second='aligned', weight=alpha * beta),
    dict(name='heatmaps_supports', first='supports_heatmaps', second='heatmaps', weight=alpha),
    dict(name='aligned_supports', first='supports', second='aligned', weight=-alpha),
    dict(name='heatmaps_key', first='initial_heatmaps', second='heatmaps', weight=alpha),
    # The same pair again, as the second half of another conditional information.
    dict(name='aligned_key_again', first='key', second='aligned', weight=-alpha),
]
head = dict(
    loss_terms=dict(
        type='jmpose_mm.MutualInformationLoss',
        estimator='released',
        terms=[dict(term, detach='first') for term in information_terms],
    )
)
