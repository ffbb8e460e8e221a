_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/video_hrnet-w48.py',
    '../_base_/necks/tdmi.py',
    '../_base_/datasets/hieve-clips.py',
    '../_base_/schedules/adamw-20e.py',
]

model = dict(
    neck=dict(**_base_.neck, num_keypoints=14),
    head=dict(**_base_.head, out_channels=14, decoder=_base_.codec),
)
# The frozen part, with the joints of this data set: train that config first.
load_from = 'work_dirs/single-frame_hrnet-w48_1xb30-20e_hieve-384x288/epoch_20.pth'
