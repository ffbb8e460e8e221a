_base_ = './fami-pose_hrnet-w48_1xb48-21e_posetrack17-384x288.py'

# Ablation: no deformable calibration.
model = dict(neck=dict(local_alignment=dict(calibrate=False)))
