_base_ = './single-frame_hrnet-w48.py'

# ViTPose with its classic decoder. The position table is that of 256x192 inputs, as in mmpose's
# files; larger ones resize it in passing.
model = dict(
    backbone=dict(
        _delete_=True, type='jmpose_mm.VisionTransformer', arch='small', drop_path_rate=0.1
    ),
    head=dict(in_channels=384, deconv_out_channels=(256, 256), deconv_kernel_sizes=(4, 4)),
)
# mmpose's ViTPose of COCO, whose joints are not PoseTrack's.
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-small_8xb64-210e_coco-256x192-62d7a712_20230314.pth'
