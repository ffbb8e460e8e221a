_base_ = 'mmpose::body_2d_keypoint/rtmpose/body8/rtmpose-l_8xb256-420e_body8-256x192.py'
# mmpose's own class: mmdet is not needed
model = dict(backbone=dict(_scope_='mmpose'))
load_from = 'https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/rtmpose-l_simcc-body7_pt-body7_420e-256x192-4dba18fc_20230504.pth'
