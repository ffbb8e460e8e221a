_base_ = './clips.py'

# PoseTrack2018 as JM-Pose's released code feeds it: warp, targets, augmentation, boxes from a
# detector at a threshold of 0.2, no NMS, flip test, DARK decoding. Not as there: frames past the
# ends of a video are clamped; border='released' in SampleSupportFrames is theirs.
dataset_type = 'jmpose_mm.PoseTrackClipDataset'
data_root = 'data/posetrack18/'

codec = dict(
    type='jmpose_mm.ReleasedHeatmap',
    input_size=(288, 384),
    heatmap_size=(72, 96),
    sigma=3,
    decoding='dark',
)

load_train = [
    *_base_.load_test,
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody', min_total_keypoints=9, min_upper_keypoints=3, padding=1.5),
    dict(type='jmpose_mm.RandomClipScaleRotation'),
]
crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'], warp='released')
# The crop of the methods that were released with mmpose's own warp.
classic_crop = dict(type='jmpose_mm.TopdownClipAffine', input_size=codec['input_size'])
pack_train = [
    dict(type='jmpose_mm.IgnoreOutOfCropKeypoints'),
    dict(type='GenerateTarget', encoder=codec),
    *_base_.pack_test,
]
train_pipeline = [_base_.frames, *load_train, crop, *pack_train]
test_pipeline = [_base_.frames, *_base_.load_test, crop, *_base_.pack_test]
# For image models, which see a clip of one frame.
key_frame = dict(_base_.frames, frame_offsets=(0,))
key_frame_train_pipeline = [key_frame, *load_train, crop, *pack_train]
key_frame_test_pipeline = [key_frame, *_base_.load_test, crop, *_base_.pack_test]

train_dataloader = dict(
    batch_size=30,
    num_workers=4,
    # Where loading is too slow: sampler=dict(type='jmpose_mm.FrameGroupSampler'), see
    # docs/performance.md.
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/posetrack18_train.json',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/posetrack18_val.json',
        bbox_file=f'{data_root}annotations/posetrack18_val_human_detections.json',
        bbox_score_threshold=0.2,
        pipeline=test_pipeline,
    ),
)
val_evaluator = dict(
    type='jmpose_mm.PoseTrackAPMetric',
    ann_file=f'{data_root}annotations/posetrack18_val.json',
)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
