# TDMI, network and objective: noisy motion tells nothing about useful motion, useful motion and
# appearance keep what the prediction needs. See docs/tdmi.md.
neck = dict(type='jmpose_mm.TemporalDifferenceNeck', frame_offsets=(-2, -1, 0, 1, 2))
head = dict(
    loss_terms=dict(
        type='jmpose_mm.MutualInformationLoss',
        estimator='released',
        terms=dict(
            useful_noisy=dict(first='useful_motion', second='noisy_motion', weight=2.0),
            motion_useful=dict(first='motion', second='useful_motion', weight=-1.0, detach='first'),
            useful_appearance=dict(
                first='useful_motion', second='appearance', weight=1.0, detach='first'
            ),
            useful_fused=dict(first='useful_motion', second='fused', weight=-2.0, detach='first'),
            appearance_fused=dict(first='appearance', second='fused', weight=-2.0, detach='first'),
            heatmaps_useful=dict(
                first='useful_motion_heatmaps', second='heatmaps', weight=1.0, detach='first'
            ),
            heatmaps_appearance=dict(
                first='appearance_heatmaps', second='heatmaps', weight=1.0, detach='first'
            ),
        ),
    )
)
