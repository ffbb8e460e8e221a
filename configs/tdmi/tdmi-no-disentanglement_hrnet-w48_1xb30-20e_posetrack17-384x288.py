_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: the whole motion is fused; the two terms that part it go.
terms = [
    term
    for term in _base_.information_terms
    if term['name'] not in ('useful_noisy', 'motion_useful')
]
model = dict(neck=dict(disentanglement=None), head=dict(loss_terms=dict(terms=terms)))
