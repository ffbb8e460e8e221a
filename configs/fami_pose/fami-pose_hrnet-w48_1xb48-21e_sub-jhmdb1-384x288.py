_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/fami-pose.py',
    '../_base_/datasets/sub-jhmdb-clips.py',
    '../_base_/schedules/adam-21e.py',
]

model = dict(
    neck=dict(**_base_.neck, num_keypoints=15),
    head=dict(
        **_base_.head, out_channels=15, decoder=dict(_base_.codec, decoding='quarter-offset')
    ),
    test_cfg=dict(flip_test=False),
)
train_dataloader = dict(batch_size=48)
# The frozen part, with the joints of this data set: train that config first.
load_from = 'work_dirs/single-frame_hrnet-w48_1xb30-20e_sub-jhmdb1-384x288/epoch_20.pth'
