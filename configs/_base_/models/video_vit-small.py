_base_ = './video_hrnet-w48.py'

# Maps of three blocks at stride 16, and of the last block after the deconvolutions at stride 4.
model = dict(
    backbone=dict(
        _delete_=True,
        type='jmpose_mm.DeconvBackbone',
        backbone=dict(type='jmpose_mm.VisionTransformer', arch='small', out_indices=(2, 5, 8, 11)),
        in_channels=384,
        deconv_channels=(256, 256),
    ),
    neck=dict(in_channels=(384, 384, 384, 256)),
    head=dict(in_channels=256),
)
# The config names what the single frame was fine-tuned to.
load_from = None
