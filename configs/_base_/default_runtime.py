default_scope = 'mmpose'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # the best one is the greatest, with save_best='auto' or the name of a logged number
    checkpoint=dict(
        type='jmpose_mm.DurableCheckpointHook', interval=1, max_keep_ckpts=2, rule='greater'
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PoseVisualizationHook', enable=False),
)
custom_hooks = [
    dict(type='SyncBuffersHook'),
    # checkpoints that load under torch's safe default and resume exactly
    dict(type='jmpose_mm.PlainCheckpointHook'),
    # numbers that say which boxes and which protocol they hold for
    dict(type='jmpose_mm.ProvenanceHook'),
    # no training on a frozen part that nothing filled, or on losses that are not finite
    dict(type='jmpose_mm.InitialWeightsHook'),
    dict(type='jmpose_mm.FiniteLossHook'),
]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
# resuming exactly needs a known seed
randomness = dict(seed=0)

# What PoseVisualizationHook draws with, where it is enabled.
visualizer = dict(
    type='jmpose_mm.ClipVisualizer',
    vis_backends=[dict(type='LocalVisBackend')],
    name='visualizer',
)

log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True, num_digits=6)
log_level = 'INFO'
allow_random_frozen = False
resume = False

val_cfg = dict()
test_cfg = dict()
