_base_ = './synthetic-clips.py'

# A few frames, rendered on first use.
data_root = 'data/synthetic/debug/'
tiny = dict(videos_train=1, videos_val=1, frames=6, size=(160, 120))
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(data_root=data_root, settings=tiny),
)
val_dataloader = dict(batch_size=4, num_workers=0, dataset=dict(data_root=data_root, settings=tiny))
val_evaluator = dict(ann_file=f'{data_root}annotations/posetrack18_val.json')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
