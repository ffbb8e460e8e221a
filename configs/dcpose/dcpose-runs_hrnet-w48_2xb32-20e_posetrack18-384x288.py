_base_ = './dcpose_hrnet-w48_2xb32-20e_posetrack18-384x288.py'

# Runs of up to four neighbouring key frames: six crops pass through the
# backbone instead of twelve.
train_dataloader = dict(
    batch_sampler=dict(type='jmpose_mm.RunBatchSampler', run_length=4),
    collate_fn=dict(type='jmpose_mm.collate_runs'),
)
