_base_ = './posetrack18-clips.py'

# Videos 4, 8, 12 and 16 of the 19 labelled ones are held out: the test labels are not public.
dataset_type = 'jmpose_mm.HieveClipDataset'
data_root = 'data/hieve/'
data_prefix = dict(img='images/')
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/hieve_train.json',
        data_prefix=data_prefix,
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/hieve_val.json',
        data_prefix=data_prefix,
        bbox_file=f'{data_root}annotations/hieve_val_human_detections.json',
    )
)
val_evaluator = dict(
    _delete_=True,
    type='jmpose_mm.HieveAPMetric',
    ann_file=f'{data_root}annotations/hieve_val.json',
)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
