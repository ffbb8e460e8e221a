# For the embedded data: few epochs, one cycle. One thread of a processor with bfloat16 trains
# faster with optim_wrapper.type='jmpose_mm.AutocastOptimWrapper', which mmpose's own head needs
# model.train_cfg.compute_acc=False for.
train_cfg = dict(by_epoch=True, max_epochs=4)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=2e-3,
    total_steps=4,
    pct_start=0.15,
    by_epoch=True,
    convert_to_iter_based=True,
)
