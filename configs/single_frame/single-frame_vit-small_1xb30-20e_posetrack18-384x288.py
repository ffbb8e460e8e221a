_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/single-frame_vit-small.py',
    '../_base_/datasets/posetrack18-clips.py',
    '../_base_/schedules/adamw-20e-layer-decay.py',
]

key_frame = dict(_base_.frames, frame_offsets=(0,))
train_pipeline = [key_frame, *_base_.load_train, _base_.crop, *_base_.pack_train]
test_pipeline = [key_frame, *_base_.load_test, _base_.crop, *_base_.pack_test]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=_base_.codec))
# mmpose's ViTPose of COCO; its joints are not PoseTrack's.
load_from = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-small_8xb64-210e_coco-256x192-62d7a712_20230314.pth'
