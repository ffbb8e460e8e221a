_base_ = './video_hrnet-w48.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='jmpose_mm.DeconvBackbone',
        backbone=dict(type='ResNet', depth=50, out_indices=(0, 1, 2, 3)),
        in_channels=2048,
        deconv_channels=(256, 256, 256),
    ),
    neck=dict(in_channels=(256, 512, 1024, 256)),
    head=dict(in_channels=256),
)
load_from = 'https://download.openmmlab.com/mmpose/top_down/resnet/res50_posetrack18_256x192-a62807c7_20201028.pth'
