# Three iterations on a CPU, in under a minute.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=3, val_interval=3)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01))
param_scheduler = None
