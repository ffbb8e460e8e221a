_base_ = './clips.py'

# Own data as `tools/convert_dataset.py coco` makes it; its configs say the place, the skeleton and
# the size. Annotated boxes, mmpose's warp, and flipping by the pairs of the skeleton.
dataset_type = 'jmpose_mm.PoseTrackClipDataset'

load_train = [
    *_base_.load_test,
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='jmpose_mm.RandomClipScaleRotation', scale_factor=0.25, rotate_factor=30.0),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    drop_last=True,
    dataset=dict(
        type=dataset_type, ann_file='annotations/train.json', data_prefix=dict(img='images/')
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        type=dataset_type, ann_file='annotations/val.json', data_prefix=dict(img='images/')
    ),
)
val_evaluator = dict(type='jmpose_mm.KeypointMetric')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
