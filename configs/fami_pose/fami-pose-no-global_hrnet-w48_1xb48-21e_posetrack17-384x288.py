_base_ = './fami-pose_hrnet-w48_1xb48-21e_posetrack17-384x288.py'

# Ablation: supporting frames are not translated.
model = dict(neck=dict(global_alignment=False))
