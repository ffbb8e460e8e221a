_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: differences of the last two stages.
model = dict(neck=dict(num_stages=2))
