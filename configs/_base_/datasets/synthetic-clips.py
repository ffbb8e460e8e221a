# The embedded data set, rendered on first use. Small crops, so that two cores train in minutes.
# No flipping, in training or testing: its people wear warm stripes on the left and plain cool
# colours on the right, so a mirrored picture with exchanged labels would teach the opposite.
dataset_type = 'jmpose_mm.SyntheticClipDataset'
data_mode = 'topdown'
data_root = 'data/synthetic/demo/'
frame_offsets = (-2, -1, 0, 1, 2)
meta_keys = (
    'id',
    'img_id',
    'img_path',
    'category_id',
    'ori_shape',
    'img_shape',
    'input_size',
    'input_center',
    'input_scale',
    'flip',
    'flip_direction',
    'flip_indices',
    'raw_ann_info',
    'dataset_name',
    'frame_paths',
    'frame_offsets',
)

codec = dict(
    type='jmpose_mm.ReleasedHeatmap',
    input_size=(96, 128),
    heatmap_size=(24, 32),
    sigma=2,
    decoding='dark',
    blur_kernel_size=7,
)

train_pipeline = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=frame_offsets),
    dict(type='jmpose_mm.LoadClip'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='jmpose_mm.RandomClipScaleRotation', scale_factor=0.25, rotate_factor=15.0),
    dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size']),
    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=frame_offsets),
    dict(type='jmpose_mm.LoadClip'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs', meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=False,  # new ones each epoch: resuming is exact
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        preset='demo',
        ann_file='annotations/posetrack18_train.json',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        preset='demo',
        ann_file='annotations/posetrack18_val.json',
        test_mode=True,
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
