_base_ = './clips.py'

# The embedded data set, rendered on first use. Small crops, so that two cores train in minutes.
# No flipping, in training or testing: its people wear warm stripes on the left and plain cool
# colours on the right, so a mirrored picture with exchanged labels would teach the opposite.
dataset_type = 'jmpose_mm.SyntheticClipDataset'
data_root = 'data/synthetic/demo/'

codec = dict(
    type='jmpose_mm.ReleasedHeatmap',
    input_size=(96, 128),
    heatmap_size=(24, 32),
    sigma=2,
    decoding='dark',
    blur_kernel_size=7,
)

load_train = [
    *_base_.load_test,
    dict(type='jmpose_mm.RandomClipScaleRotation', scale_factor=0.25, rotate_factor=15.0),
]
crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'])
pack_train = [
    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
    *_base_.pack_test,
]
train_pipeline = [_base_.frames, *load_train, crop, *pack_train]
test_pipeline = [_base_.frames, *_base_.load_test, crop, *_base_.pack_test]

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    drop_last=True,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        preset='demo',
        ann_file='annotations/posetrack18_train.json',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        preset='demo',
        ann_file='annotations/posetrack18_val.json',
        pipeline=test_pipeline,
    ),
)
val_evaluator = dict(
    type='jmpose_mm.PoseTrackAPMetric',
    ann_file=f'{data_root}annotations/posetrack18_val.json',
    subset='degraded',
)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
