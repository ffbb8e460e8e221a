_base_ = './posetrack18-clips.py'

# images renamed to 00000001.jpg ..., annotations in COCO form, ground truth as official files.
data_root = 'data/posetrack17/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='jsons/posetrack_train.json',
        data_prefix=dict(img='images_renamed/'),
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='jsons/posetrack_val.json',
        data_prefix=dict(img='images_renamed/'),
        bbox_file=f'{data_root}val_boxes.json',
    )
)
val_evaluator = dict(ann_file=f'{data_root}annotations/val')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
