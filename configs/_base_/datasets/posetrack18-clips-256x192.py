_base_ = './posetrack18-clips.py'

codec = dict(
    type='jmpose_mm.ReleasedHeatmap',
    input_size=(192, 256),
    heatmap_size=(48, 64),
    sigma=2,
    decoding='dark',
)
crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'], warp='released')
pack_train = [
    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
    *_base_.pack_test,
]
train_pipeline = [_base_.frames, *_base_.load_train, crop, *pack_train]
test_pipeline = [_base_.frames, *_base_.load_test, crop, *_base_.pack_test]
key_frame_train_pipeline = [_base_.key_frame, *_base_.load_train, crop, *pack_train]
key_frame_test_pipeline = [_base_.key_frame, *_base_.load_test, crop, *_base_.pack_test]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
