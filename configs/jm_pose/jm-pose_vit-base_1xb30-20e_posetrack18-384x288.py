_base_ = './jm-pose_vit-small_1xb30-20e_posetrack18-384x288.py'

model = dict(
    backbone=dict(backbone=dict(arch='base'), in_channels=768),
    neck=dict(in_channels=(768, 768, 768, 256)),
)
# Two steps: this is what the single frame's config makes of mmpose's ViTPose of COCO.
load_from = 'work_dirs/single-frame_vit-base_1xb30-20e_posetrack18-384x288/epoch_20.pth'
