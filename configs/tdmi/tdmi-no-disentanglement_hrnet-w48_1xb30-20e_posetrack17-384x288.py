_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: the whole motion is fused; the two terms that part it go.
model = dict(
    neck=dict(disentanglement=None),
    head=dict(loss_terms=dict(terms=dict(useful_noisy=None, motion_useful=None))),
)
