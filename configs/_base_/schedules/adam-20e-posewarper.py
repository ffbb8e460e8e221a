_base_ = './adam-20e.py'

# PoseWarper's released recipe.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[10, 15], gamma=0.1, by_epoch=True)]
