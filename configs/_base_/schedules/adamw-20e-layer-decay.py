_base_ = './adamw-20e.py'

# Rates fall from the last block to the first, as mmpose trains its ViTPose.
optim_wrapper = dict(
    optimizer=dict(lr=1e-4, weight_decay=0.1),
    constructor='jmpose_mm.NestedLayerDecayConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.8),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
