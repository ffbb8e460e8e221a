_base_ = './tar_vit-small_1xb16-30e_posetrack17-384x288.py'

model = dict(backbone=dict(arch='base', drop_path_rate=0.3), neck=dict(in_channels=(768,)))
# mmpose's ViTPose of COCO is fine-tuned with the rest.
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth'
