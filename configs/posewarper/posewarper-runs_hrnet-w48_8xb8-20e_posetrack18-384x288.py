_base_ = './posewarper_hrnet-w48_8xb8-20e_posetrack18-384x288.py'

# Runs of up to four neighbouring key frames: every crop that their
# windows ask for passes through the backbone once.
train_dataloader = dict(
    batch_sampler=dict(type='jmpose_mm.RunBatchSampler', run_length=4),
    collate_fn=dict(type='jmpose_mm.collate_runs'),
)
