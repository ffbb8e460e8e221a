_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: squared error alone.
model = dict(head=dict(loss_terms=None))
