_base_ = (
    'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-base_8xb64-210e_coco-256x192.py'
)
# this package's own transformer: mmpretrain is not needed
model = dict(
    backbone=dict(
        _delete_=True, type='jmpose_mm.VisionTransformer', arch='base', drop_path_rate=0.3
    )
)
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth'
