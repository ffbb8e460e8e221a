# PoseTrack2018 as JM-Pose's released code feeds it: warp, targets, augmentation, boxes from a
# detector at a threshold of 0.2, no NMS, flip test, DARK decoding. Not as there: frames past the
# ends of a video are clamped; border='released' in SampleSupportFrames is theirs.
dataset_type = 'jmpose_mm.PoseTrackClipDataset'
data_mode = 'topdown'
data_root = 'data/posetrack18/'
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
    input_size=(288, 384),
    heatmap_size=(72, 96),
    sigma=3,
    decoding='dark',
)

train_pipeline = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=frame_offsets),
    dict(type='jmpose_mm.LoadClip'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody', min_total_keypoints=9, min_upper_keypoints=3, padding=1.5),
    dict(type='jmpose_mm.RandomClipScaleRotation'),
    dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'], warp='released'),
    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=frame_offsets),
    dict(type='jmpose_mm.LoadClip'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'], warp='released'),
    dict(type='PackPoseInputs', meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=30,
    num_workers=4,
    persistent_workers=False,  # new ones each epoch: resuming is exact
    # Where loading is too slow: dict(type='jmpose_mm.FrameGroupSampler'), see docs/performance.md.
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/posetrack18_train.json',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/posetrack18_val.json',
        bbox_file=f'{data_root}annotations/posetrack18_val_human_detections.json',
        bbox_score_threshold=0.2,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
val_evaluator = dict(
    type='jmpose_mm.PoseTrackAPMetric',
    ann_file=f'{data_root}annotations/posetrack18_val.json',
)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
