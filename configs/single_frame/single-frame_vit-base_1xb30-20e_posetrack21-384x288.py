_base_ = './single-frame_vit-small_1xb30-20e_posetrack21-384x288.py'

model = dict(backbone=dict(arch='base', drop_path_rate=0.3), head=dict(in_channels=768))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.75))
# mmpose's ViTPose of COCO; its joints are not PoseTrack's.
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth'
