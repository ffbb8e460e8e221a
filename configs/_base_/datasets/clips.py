# What all data sets of clips share. A data set joins frames, load_train or load_test, crop, and
# pack_train or pack_test to its pipelines; a config with another window or crop joins its own.
frame_offsets = (-2, -1, 0, 1, 2)
frames = dict(type='jmpose_mm.SampleSupportFrames', frame_offsets=frame_offsets)
load_test = [dict(type='jmpose_mm.LoadClip'), dict(type='GetBBoxCenterScale', padding=1.25)]
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
pack_test = [dict(type='PackPoseInputs', meta_keys=meta_keys)]
data_mode = 'topdown'  # mmpose's MMPoseInferencer asks for it here

train_dataloader = dict(
    persistent_workers=False,  # new ones each epoch: resuming is exact
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(data_mode=data_mode),
)
val_dataloader = dict(
    batch_size=32,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(data_mode=data_mode, test_mode=True),
)
test_dataloader = val_dataloader
