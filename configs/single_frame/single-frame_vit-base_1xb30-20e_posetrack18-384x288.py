_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_vit-base.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

key_frame = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=(0,))
train_dataloader = dict(dataset=dict(pipeline=[key_frame, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[key_frame, *_base_.test_pipeline[1:]]))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))
# Rates fall from the last block to the first, as mmpose trains its ViTPose.
optim_wrapper = dict(
    optimizer=dict(lr=1e-4, weight_decay=0.1),
    constructor='LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(num_layers=12, layer_decay_rate=0.75),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
# mmpose's ViTPose of COCO; its joints are not PoseTrack's.
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth'
