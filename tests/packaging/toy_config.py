_base_ = ['../_base_/default_runtime.py']
custom_imports = dict(imports=['toy_parts'], allow_failed_imports=False)
loader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(type='mmengine.ToyDataset'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
train_dataloader = val_dataloader = test_dataloader = loader
val_evaluator = test_evaluator = dict(type='mmengine.ToyMetric')
model = dict(type='mmengine.ToyModel')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
visualizer = dict(_delete_=True, type='Visualizer', name='visualizer')
