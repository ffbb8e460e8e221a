_base_ = (
    'mmpose::body_2d_keypoint/topdown_heatmap/posetrack18/'
    'td-hm_hrnet-w48_8xb64-20e_posetrack18-384x288.py'
)
load_from = 'https://download.openmmlab.com/mmpose/top_down/hrnet/hrnet_w48_posetrack18_384x288-5fd6d3ff_20211130.pth'
