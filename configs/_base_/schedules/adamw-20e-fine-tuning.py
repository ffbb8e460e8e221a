_base_ = './adamw-20e.py'

# For an image model that has learnt poses already. The video models freeze what it becomes.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
