_base_ = './jm-pose_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: no mutual learning, and thus no stages for the objective to act on.
model = dict(neck=dict(mutual_learning=None), head=dict(loss_terms=None))
