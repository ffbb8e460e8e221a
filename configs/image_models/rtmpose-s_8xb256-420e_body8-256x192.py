_base_ = 'mmpose::body_2d_keypoint/rtmpose/body8/rtmpose-s_8xb256-420e_body8-256x192.py'
# mmpose's own class: mmdet is not needed
model = dict(backbone=dict(_scope_='mmpose'))
load_from = 'https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/rtmpose-s_simcc-body7_pt-body7_420e-256x192-acd4a1ef_20230504.pth'
