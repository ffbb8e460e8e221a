_base_ = './single-frame_hrnet-w48_1xb30-20e_sub-jhmdb1-384x288.py'

train_dataloader = dict(dataset=dict(ann_file='annotations/Sub2_train.json'))
val_dataloader = dict(dataset=dict(ann_file='annotations/Sub2_test.json'))
test_dataloader = val_dataloader
