# What all data sets of clips share. A data set joins frames, load_train or load_test, crop, and
# pack_train or pack_test to its pipelines; a config with another window or crop joins its own.
data_mode = 'topdown'
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
