_base_ = './video_vit-small.py'

model = dict(
    backbone=dict(backbone=dict(arch='base'), in_channels=768),
    neck=dict(in_channels=(768, 768, 768, 256)),
)
