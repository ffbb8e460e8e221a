_base_ = './fami-pose_hrnet-w48_1xb48-21e_posetrack17-384x288.py'

# Ablation: squared error alone.
model = dict(head=dict(loss_terms=None))
