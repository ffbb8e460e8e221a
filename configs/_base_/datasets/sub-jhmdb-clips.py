_base_ = './posetrack18-clips.py'

# Split 1 of three: the published number is the mean of the three. One person in a frame, in the
# box of its puppet mask.
dataset_type = 'jmpose_mm.SubJhmdbClipDataset'
data_root = 'data/sub-jhmdb/'
data_prefix = dict(img='Rename_Images/')
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/Sub1_train.json',
        data_prefix=data_prefix,
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/Sub1_test.json',
        data_prefix=data_prefix,
        bbox_file=None,
    )
)
val_evaluator = dict(
    _delete_=True,
    type='jmpose_mm.SubJhmdbPCKMetric',
)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
