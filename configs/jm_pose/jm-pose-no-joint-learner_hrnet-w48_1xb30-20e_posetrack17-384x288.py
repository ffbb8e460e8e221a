_base_ = './jm-pose_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# Ablation: a residual block in place of the context-aware joint learner.
model = dict(neck=dict(joint_learner=None))
