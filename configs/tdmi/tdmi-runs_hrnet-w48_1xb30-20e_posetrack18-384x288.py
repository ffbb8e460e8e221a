_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack18-384x288.py'

# Runs of up to four neighbouring key frames: eight crops pass through the
# backbone instead of twenty.
train_dataloader = dict(
    batch_sampler=dict(type='jmpose_mm.RunBatchSampler', run_length=4),
    collate_fn=dict(type='jmpose_mm.collate_runs'),
)
