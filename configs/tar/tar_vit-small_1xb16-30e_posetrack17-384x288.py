_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/datasets/posetrack17-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

# The released protocol: classic warp, no flip test, peaks shifted by a quarter pixel.
train_pipeline = [_base_.frames, *_base_.load_train, _base_.classic_crop, *_base_.pack_train]
test_pipeline = [_base_.frames, *_base_.load_test, _base_.classic_crop, *_base_.pack_test]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# As published: features at stride 16, normalisation behind the sums, everything trains.
model = dict(
    backbone=dict(
        _delete_=True, type='jmpose_mm.VisionTransformer', arch='small', drop_path_rate=0.1
    ),
    neck=dict(
        type='jmpose_mm.JointAggregationNeck',
        frame_offsets=(-2, -1, 0, 1, 2),
        in_channels=(384,),
        deconv_channels=(256, 256),
        attention=dict(norm='post'),
    ),
    head=dict(
        in_channels=17,
        final_layer=None,
        decoder=dict(_base_.codec, decoding='quarter-offset'),
    ),
    frozen=(),
    test_cfg=dict(flip_test=False),
)
train_cfg = dict(max_epochs=30)
optim_wrapper = dict(optimizer=dict(lr=5e-6, weight_decay=0.1))
param_scheduler = [dict(type='StepLR', step_size=5, gamma=0.5, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=16)
# mmpose's ViTPose of COCO is fine-tuned with the rest.
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-small_8xb64-210e_coco-256x192-62d7a712_20230314.pth'
