_base_ = (
    'mmpose::body_2d_keypoint/topdown_heatmap/posetrack18/'
    'td-hm_hrnet-w32_8xb64-20e_posetrack18-256x192.py'
)
load_from = 'https://download.openmmlab.com/mmpose/top_down/hrnet/hrnet_w32_posetrack18_256x192-1ee951c4_20201028.pth'
