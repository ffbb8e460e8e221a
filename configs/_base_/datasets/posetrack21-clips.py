_base_ = './posetrack18-clips.py'

# One file a video, as the data comes; persons without keypoints are left out and counted.
data_root = 'data/posetrack21/'
train_dataloader = dict(dataset=dict(data_root=data_root, ann_file='annotations/train'))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/val',
        bbox_file=f'{data_root}posetrack21_val_human_detections.json',
    )
)
val_evaluator = dict(
    ann_file=f'{data_root}annotations/val',
)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
