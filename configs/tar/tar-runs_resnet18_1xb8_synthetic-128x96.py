_base_ = './tar_resnet18_1xb8_synthetic-128x96.py'

# Runs of up to four neighbouring key frames: eight crops pass through the
# backbone instead of twenty.
train_dataloader = dict(
    drop_last=False,
    batch_sampler=dict(type='jmpose_mm.RunBatchSampler', run_length=4, drop_last=True),
    collate_fn=dict(type='jmpose_mm.collate_runs'),
)
