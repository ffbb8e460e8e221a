_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: squared error alone, and no noisy motion, which only the objective reads.
model = dict(neck=dict(disentanglement=dict(noisy=False)), head=dict(loss_terms=None))
