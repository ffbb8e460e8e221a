"""Names of the parts of the authors' networks, there and here: one table a method.

A pair (official prefix, prefix here) renames every entry below it; the longest prefix decides.
"""

from __future__ import annotations

__all__ = ['COPIES', 'DROPPED', 'NAMES']


def _hrnet(prefix: str) -> list[tuple[str, str]]:
    return [(prefix, 'backbone'), (f'{prefix}.final_layer', 'neck.heatmap_layer')]


def _deformable(offset: str, mask: str, convolution: str, ours: str) -> list[tuple[str, str]]:
    return [(offset, f'{ours}.offset'), (mask, f'{ours}.modulation'), (convolution, ours)]


def _calibration(fuse: str, aggregate: str) -> list[tuple[str, str]]:
    """FAMI-Pose's local calibration, which TDMI has under two other names."""
    names = [
        (fuse, 'neck.alignment.fuse'),
        ('combined_feat_layers', 'neck.alignment.combine'),
        (aggregate, 'neck.alignment.aggregate'),
    ]
    for i in range(4):
        n = i + 1
        names += _deformable(
            f'dcn_offset_{n}.conv', f'dcn_mask_{n}.conv', f'dcn_{n}', f'neck.alignment.steps.{i}'
        )
    return names


def _fami_pose() -> list[tuple[str, str]]:
    predictor = 'feat_global_offset_layers'
    names = [*_hrnet('hrnet'), *_calibration('sup_agg_block', 'init_feature_agg_block')]
    names += [(f'{predictor}.0', 'neck.translation.chain'), ('agg_final_layer', 'head.final_layer')]
    for i in range(5):
        names += [
            (f'{predictor}.{i + 1}.conv', f'neck.translation.halvings.{i}.0'),
            (f'{predictor}.{i + 1}.bn', f'neck.translation.halvings.{i}.1'),
        ]
    return names + [(f'{predictor}.{i + 7}', f'neck.translation.shift.{i}') for i in range(3)]


def _tdmi() -> list[tuple[str, str]]:
    names = [*_hrnet('hrnet'), *_calibration('sup_agg', 'all_agg_block')]
    names += [
        ('use_motion_structure', 'neck.disentanglement.useful'),
        ('noisy_motion_structure', 'neck.disentanglement.noisy'),
        ('multimodal_fusion.0', 'neck.fusion'),
        ('heatmap_head', 'head.final_layer'),
    ]
    for i in range(4):
        stage, ours = f's{i + 1}', f'neck.encoder.align.{i}'
        names += [
            (f'motion_fusion_{stage}', f'neck.encoder.fuse.{i}'),
            (f'm_a_agg_{stage}', f'neck.encoder.combine.{i}'),
            (f'motion_smooth_{stage}', f'neck.encoder.smooth.{i}'),
            *_deformable(
                f'm_a_dcn_offset_{stage}.conv',
                f'm_a_dcn_mask_{stage}.conv',
                f'm_a_dcn_{stage}',
                ours,
            ),
        ]
    return names


def _residual_steps(official: str, ours: str, num_blocks: int) -> list[tuple[str, str]]:
    units = {'conv_bn_relu1': 'expand', 'conv_bn_relu3': 'reduce', 'downsample': 'shortcut'}
    for a in range(4):
        units |= {f'conv_bn_relu2_{a + 1}_{b + 1}': f'steps.{a}.{b}' for b in range(a + 1)}
    return [
        (f'{official}.layers.{block}.{unit}.{layer}', f'{ours}.layers.{block}.{here}.{index}')
        for block in range(num_blocks)
        for unit, here in units.items()
        for index, layer in enumerate(('conv', 'bn'))
    ]


def _dcpose() -> list[tuple[str, str]]:
    names = [
        *_hrnet('rough_pose_estimation_net'),
        *_residual_steps('diff_temporal_fuse', 'neck.residual_fusion', 2),
        *_residual_steps('support_temporal_fuse', 'neck.temporal_merger', 1),
        *_residual_steps('offset_mask_combine_conv', 'neck.context', 2),
    ]
    for i in range(5):
        names += _deformable(
            f'offsets_list.{i}.0',
            f'masks_list.{i}.0',
            f'modulated_deform_conv_list.{i}.deform_conv',
            f'neck.correction.{i}',
        )
    return names


def _posewarper() -> list[tuple[str, str]]:
    """Official names first, which the way back takes; mmpose 0.x's, where they differ, behind."""
    names = [('', 'backbone'), ('final_layer', 'neck.heatmap_layer')]
    names += [('offset_feats', 'neck.offset_features.layers')]
    for i in range(5):
        names += [
            (f'offsets{i + 1}', f'neck.warps.{i}.offset'),
            (f'deform_conv{i + 1}', f'neck.warps.{i}'),
        ]
    names += [('backbone', 'backbone'), ('neck.trans_layer', 'neck.heatmap_layer')]
    names += [('neck.offset_feats', 'neck.offset_features.layers')]
    for i in range(5):
        names += [
            (f'neck.offset_layers.{i}', f'neck.warps.{i}.offset'),
            (f'neck.deform_conv_layers.{i}', f'neck.warps.{i}'),
        ]
    return names


def _tar_vitpose() -> list[tuple[str, str]]:
    joints = 'neck.aggregation'
    return [
        ('backbone', 'backbone'),
        ('heatmap_head.0', 'neck.deconv_layers'),
        ('heatmap_head.1', 'neck.heatmap_layer'),
        ('query_feat', f'{joints}.query_feat'),
        ('query_pe', f'{joints}.query_pe'),
        ('masked_attention_layers', f'{joints}.masked'),
        ('self_attention_layers', f'{joints}.mutual'),
        ('ffn_layers', f'{joints}.ffn'),
        ('cross_attention', 'neck.restoration'),
    ]


NAMES: dict[str, list[tuple[str, str]]] = {
    'fami-pose': _fami_pose(),
    'tdmi': _tdmi(),
    'dcpose': _dcpose(),
    'posewarper': _posewarper(),
    'tar-vitpose': _tar_vitpose(),
    # An image model without a prefix: every name is the backbone's but the heatmap layer's.
    'hrnet': [('', 'backbone'), ('final_layer', 'head.final_layer')],
}

# Weights that nothing reads: fusions towards resolutions that are not returned, and a head that
# the released training never calls.
DROPPED = (
    'hrnet.stage4.2.fuse_layers.1',
    'hrnet.stage4.2.fuse_layers.2',
    'hrnet.stage4.2.fuse_layers.3',
    'stage4.2.fuse_layers.1',
    'stage4.2.fuse_layers.2',
    'stage4.2.fuse_layers.3',
    'motion_heatmap_head',
)

# What a release holds twice, since its module is registered under two names: copy, original.
COPIES: dict[str, list[tuple[str, str]]] = {
    'tar-vitpose': [
        ('model.backbone', 'backbone'),
        ('model.head.deconv_layers', 'heatmap_head.0'),
        ('model.head.final_layer', 'heatmap_head.1'),
    ]
}
