# TDMI, network and objective: noisy motion tells nothing about useful motion, useful motion and
# appearance keep what the prediction needs. See docs/tdmi.md.
neck = dict(type='jmpose_mm.TemporalDifferenceNeck', frame_offsets=(-2, -1, 0, 1, 2))

information_terms = [
    dict(name='useful_noisy', first='useful_motion', second='noisy_motion', weight=2.0),
    dict(name='motion_useful', first='motion', second='useful_motion', weight=-1.0, detach='first'),
    dict(
        name='useful_appearance',
        first='useful_motion',
        second='appearance',
        weight=1.0,
        detach='first',
    ),
    dict(name='useful_fused', first='useful_motion', second='fused', weight=-2.0, detach='first'),
    dict(name='appearance_fused', first='appearance', second='fused', weight=-2.0, detach='first'),
    dict(
        name='heatmaps_useful',
        first='useful_motion_heatmaps',
        second='heatmaps',
        weight=1.0,
        detach='first',
    ),
    dict(
        name='heatmaps_appearance',
        first='appearance_heatmaps',
        second='heatmaps',
        weight=1.0,
        detach='first',
    ),
]
head = dict(
    loss_terms=dict(
        type='jmpose_mm.MutualInformationLoss', estimator='released', terms=information_terms
    )
)
