_base_ = (
    'mmpose::body_2d_keypoint/topdown_heatmap/posetrack18/'
    'td-hm_res50_8xb64-20e_posetrack18-256x192.py'
)
load_from = 'https://download.openmmlab.com/mmpose/top_down/resnet/res50_posetrack18_256x192-a62807c7_20201028.pth'
