_base_ = './posetrack18-clips.py'

codec = dict(
    type='jmpose_mm.ReleasedHeatmap',
    input_size=(192, 256),
    heatmap_size=(48, 64),
    sigma=2,
    decoding='dark',
)
crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'], warp='released')
train_pipeline = [
    *_base_.train_pipeline[:6],
    crop,
    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
    _base_.train_pipeline[-1],
]
test_pipeline = [*_base_.test_pipeline[:3], crop, _base_.test_pipeline[-1]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
