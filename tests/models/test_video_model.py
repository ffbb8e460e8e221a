"""The whole model: what loads, what trains, what the neck hands over, which sizes work."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.structures import PoseDataSample

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.heatmaps import peak_weighted_mean
from jmpose_mm.registry import MODELS
from jmpose_mm.structures import ClipFeatures

RESNET = {
    'type': 'jmpose_mm.DeconvBackbone',
    'backbone': {'type': 'mmpose.ResNet', 'depth': 18, 'out_indices': (0, 1, 2, 3)},
    'in_channels': 512,
    'deconv_channels': (16, 16, 16),
}
RESNET_CHANNELS = (64, 128, 256, 16)
TERMS = {
    'joint_motion': {'first': 'joint_1', 'second': 'motion_1'},
    'motion_heatmaps': {'first': 'motion_1', 'second': 'initial_heatmaps', 'weight': -1.0},
    'motion_heatmaps_given_joint': {
        'first': 'motion_1',
        'second': 'initial_heatmaps',
        'given': 'joint_1',
    },
}


def _hrnet(width: int) -> dict:
    widths = [width * 2**i for i in range(4)]
    stages = {
        'stage1': {'num_branches': 1, 'block': 'BOTTLENECK', 'num_channels': (64,)},
        **{
            f'stage{i}': {'num_branches': i, 'block': 'BASIC', 'num_channels': tuple(widths[:i])}
            for i in (2, 3, 4)
        },
    }
    for stage in stages.values():
        stage.update(num_modules=1, num_blocks=(1,) * stage['num_branches'])
    return {'type': 'jmpose_mm.HRNetStages', 'in_channels': 3, 'extra': stages}


def build(
    offsets=(-1, 0, 1),
    num_keypoints=17,
    neck=None,
    backbone=None,
    channels=None,
    loss_terms=True,
    **model,
):
    terms = {'type': 'jmpose_mm.MutualInformationLoss', 'terms': TERMS}
    torch.manual_seed(0)
    return MODELS.build(
        {
            'type': 'jmpose_mm.VideoTopdownEstimator',
            'backbone': backbone or RESNET,
            'neck': {
                'type': 'jmpose_mm.JointMotionNeck',
                'in_channels': channels or RESNET_CHANNELS,
                'num_keypoints': num_keypoints,
                'frame_offsets': offsets,
                'channels': 8,
                **(neck or {}),
            },
            'head': {
                'type': 'jmpose_mm.VideoPoseHead',
                'in_channels': 8,
                'out_channels': num_keypoints,
                'final_layer': {'kernel_size': 3, 'padding': 1},
                'loss_terms': terms if loss_terms else None,
            },
            'frozen': ('backbone', 'neck.heatmap_layer'),
            **model,
        }
    )


def single_frame(**model):
    torch.manual_seed(1)
    return MODELS.build(
        {
            'type': 'jmpose_mm.VideoTopdownEstimator',
            'backbone': RESNET,
            'head': {
                'type': 'HeatmapHead',
                'in_channels': 16,
                'out_channels': 17,
                'deconv_out_channels': None,
            },
            **model,
        }
    )


def samples(batch: int, num_keypoints: int = 17, size=(16, 8)) -> list[PoseDataSample]:
    generator = torch.Generator().manual_seed(5)
    found = []
    for _ in range(batch):
        sample = PoseDataSample(metainfo={'flip_indices': list(range(num_keypoints))})
        sample.gt_fields = PixelData(heatmaps=torch.rand(num_keypoints, *size, generator=generator))
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, num_keypoints))
        found.append(sample)
    return found


def clip(batch: int = 2, num_frames: int = 3, size=(64, 32), seed: int = 3) -> torch.Tensor:
    return torch.randn(batch, num_frames, 3, *size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ('offsets', 'num_keypoints', 'size'),
    [
        ((-1, 0, 1), 15, (64, 32)),
        ((-2, -1, 0, 1, 2), 17, (96, 64)),
        ((-3, -2, -1, 0, 1, 2, 3), 17, (32, 32)),
        ((-2, -1, 0), 17, (64, 96)),
    ],
)
def test_estimator__windows_keypoints_and_sizes(offsets, num_keypoints, size):
    model = build(offsets, num_keypoints).eval()
    heatmaps = model(clip(2, len(offsets), size), None, mode='tensor')
    assert heatmaps.shape == (2, num_keypoints, size[0] // 4, size[1] // 4)


def test_estimator__batch_equals_loop():
    model = build().eval()
    inputs = clip(3)
    with torch.no_grad():
        together = model(inputs, None, mode='tensor')
        alone = torch.cat([model(inputs[i : i + 1], None, mode='tensor') for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-7)


def test_hrnet_stages__last_stage_is_mmpose_hrnet():
    width = 8
    ours = MODELS.build(_hrnet(width))
    theirs = MODELS.build({**_hrnet(width), 'type': 'mmpose.HRNet'})
    ours.eval()  # mmpose's HRNet does not return itself
    theirs.eval()
    theirs.load_state_dict(ours.state_dict())
    frames = clip()[:, 0]
    stages = ours(frames)
    assert [tuple(s.shape) for s in stages] == [(2, width, 16, 8)] * 4
    assert torch.equal(stages[-1], theirs(frames)[0])
    layer1 = ours.layer1(
        ours.relu(ours.norm2(ours.conv2(ours.relu(ours.norm1(ours.conv1(frames))))))
    )
    assert torch.equal(stages[0], ours.transition1[0](layer1))


def test_estimator__hrnet_forward_and_backward():
    model = build(backbone=_hrnet(8), channels=(8, 8, 8, 8), frozen=()).train()
    model.init_weights()
    losses = model(clip(), samples(2), mode='loss')
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert model.backbone.conv1.weight.grad.abs().max() > 0


def test_estimator__named_losses_and_every_trainable_parameter_gets_a_gradient():
    model = build(neck={'mutual_learning': {'num_stages': 1}}).train()
    model.init_weights()
    torch.nn.init.normal_(model.head.final_layer.weight, std=0.1)
    losses = model(clip(), samples(2), mode='loss')
    assert set(losses) == {'loss_kpt', 'acc_pose', *(f'loss_{name}' for name in TERMS)}
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []
    assert all(p.grad is None for p in model.backbone.parameters())
    assert model.neck.heatmap_layer.weight.grad is None


@pytest.mark.parametrize(
    'neck',
    [
        {'motion': 'key+difference'},
        {'joint_learner': None},
        {'mutual_learning': None},
        {'mutual_learning': {'num_stages': 3, 'gate': 'conv', 'num_heads': 2}},
        {'joint_learner': {'deform_groups': 2, 'modulation': 'raw', 'dilation': 3}},
        {'joint_learner': {'operator': 'torchvision'}},
        {'joint_learner': {'heatmaps': 'key'}, 'mutual_learning': {'tokens': 'positions'}},
        {'joint_learner': {'heatmaps': 'none'}, 'mutual_learning': {'tokens': 'pooled_positions'}},
    ],
)
def test_joint_motion_neck__variants_train(neck):
    stages = (neck.get('mutual_learning') or {'num_stages': 2}).get('num_stages', 2)
    if neck.get('mutual_learning', True) is None:
        with pytest.raises(UsageError, match=r'terms\.joint_motion\.first: .*got .joint_1'):
            build(neck=neck)
        stages = 0
    model = build(neck=neck, loss_terms=stages > 0).train()
    features = model.extract_feat(clip())
    assert set(features.named) == {'initial_heatmaps'} | {
        f'{stream}_{i + 1}' for i in range(stages) for stream in ('joint', 'motion')
    }
    losses = model.head.loss(features, samples(2))
    losses['loss_kpt'].backward()
    without = [n for n, p in model.neck.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []


@pytest.mark.parametrize(('heatmaps', 'guides'), [('all', [0, 1, 2]), ('key', [1]), ('none', [])])
def test_joint_motion_neck__heatmaps_that_guide_the_joint_learner(heatmaps, guides):
    arguments = {'joint_learner': {'heatmaps': heatmaps}, 'mutual_learning': None}
    model = build(neck=arguments, loss_terms=False).eval()
    torch.nn.init.normal_(model.neck.joint_learner.alignment.offset.weight, std=0.3)
    stages = tuple(torch.randn(1, 3, c, 16, 12) for c in RESNET_CHANNELS)
    features = model.neck.frame_features(ClipFeatures(clip(1), stages))
    fused = model.neck.fuse(features).fused
    seen = []
    for frame in range(3):
        other = features.heatmaps.clone()
        other[:, frame] += 1
        if not torch.equal(model.neck.fuse(features._replace(heatmaps=other)).fused, fused):
            seen.append(frame)
    assert seen == guides


def test_model__head_that_does_not_take_the_features_of_the_neck_is_refused():
    head = {'type': 'HeatmapHead', 'in_channels': 8, 'out_channels': 17}
    with pytest.raises(UsageError, match=r'model\.head: .*VideoPoseHead, got HeatmapHead'):
        build(head=head)


def test_joint_motion_neck__reads_the_key_frame_only_where_it_says_so():
    """Motion from differences forgets appearance: a change that all frames share is invisible."""
    for motion, sees in (('difference', False), ('key+difference', True)):
        model = build(neck={'motion': motion}).eval()
        stages = tuple(
            torch.randn(1, 3, c, 16, 12, generator=torch.Generator().manual_seed(c))
            for c in RESNET_CHANNELS
        )
        before = ClipFeatures(clip(1), stages)
        after = ClipFeatures(clip(1), tuple(s + 1 for s in stages))
        before, after = (model.neck.frame_features(c) for c in (before, after))
        change = model.neck.motion_features(before) - model.neck.motion_features(after)
        assert (change.abs().max() > 1e-3) == sees


def test_joint_motion_neck__other_number_of_frames_is_refused():
    with pytest.raises(ValueError, match='expected 3, as frame_offsets of the neck has, got 5'):
        build()(clip(num_frames=5), None, mode='tensor')


@pytest.mark.parametrize(
    ('argument', 'value'),
    [
        ('motion', 'flow'),
        ('frame_offsets', (1, 2)),
        ('frame_offsets', (0,)),
        ('joint_learner', {'heatmaps': 'last'}),
    ],
)
def test_joint_motion_neck__bad_argument(argument, value):
    with pytest.raises(ValueError, match='expected'):
        build(neck={argument: value})


def test_estimator__single_frame_needs_no_neck():
    model = single_frame().eval()
    image = clip(num_frames=1)
    as_clip, as_image = (model(x, None, mode='tensor') for x in (image, image[:, 0]))
    assert torch.equal(as_clip, as_image)
    with pytest.raises(ValueError, match='expected 1 for a model without a neck, got 3'):
        model(clip(num_frames=3), None, mode='tensor')


def test_estimator__single_frame_checkpoint_makes_the_initial_heatmaps():
    baseline, model = single_frame().eval(), build().eval()
    torch.nn.init.normal_(baseline.head.final_layer.weight)
    missing = model.load_state_dict(baseline.state_dict(), strict=False)
    assert missing.unexpected_keys == []
    assert not [k for k in missing.missing_keys if k.startswith(('backbone', 'neck.heatmap'))]
    inputs = clip()
    initial = model.extract_feat(inputs).initial_heatmaps
    for t in range(3):
        torch.testing.assert_close(initial[:, t], baseline(inputs[:, t], None, mode='tensor'))


def test_estimator__checkpoint_of_a_video_model_keeps_its_head():
    model, other = build(), build()
    torch.nn.init.normal_(model.head.final_layer.weight)
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    assert torch.equal(other.head.final_layer.weight, model.head.final_layer.weight)
    assert torch.equal(other.neck.heatmap_layer.weight, model.neck.heatmap_layer.weight)


def test_estimator__mmpose_resnet_checkpoint_with_deconvolutions_in_the_head():
    theirs = MODELS.build(
        {
            'type': 'mmpose.TopdownPoseEstimator',
            'backbone': {'type': 'ResNet', 'depth': 18},
            'head': {
                'type': 'HeatmapHead',
                'in_channels': 512,
                'out_channels': 17,
                'deconv_out_channels': (16, 16, 16),
            },
        }
    ).eval()
    ours = single_frame().eval()
    ours.load_state_dict(theirs.state_dict())  # strict
    frames = clip()[:, 0]
    torch.testing.assert_close(
        ours(frames, None, mode='tensor'), theirs(frames, None, mode='tensor')
    )


@pytest.mark.parametrize('frozen_norm', ['eval', 'train'])
def test_estimator__frozen_normalisation(frozen_norm):
    model = build(frozen_norm=frozen_norm).train()
    before = model.backbone.backbone.bn1.running_mean.clone()
    weight = model.backbone.backbone.conv1.weight.clone()
    losses = model(clip(), samples(2), mode='loss')
    losses['loss_kpt'].backward()
    drifted = not torch.equal(before, model.backbone.backbone.bn1.running_mean)
    assert drifted == (frozen_norm == 'train')
    assert torch.equal(weight, model.backbone.backbone.conv1.weight)
    assert model.neck.fusion.training


# Where its output is one pixel wide, as of crops 32 wide, oneDNN 3.11's AMX convolution of stride 2
# in bfloat16 reads what nobody wrote, and then gives NaN.
@pytest.mark.parametrize(
    ('frozen_backbone_dtype', 'tolerance', 'size'),
    [('float32', 1e-5, (64, 32)), ('bfloat16', 0.05, (64, 64)), ('float16', 0.01, (64, 32))],
)
def test_estimator__frozen_copy_gives_the_same_features(frozen_backbone_dtype, tolerance, size):
    model = build(frozen_backbone_dtype=frozen_backbone_dtype).eval()
    names = list(model.state_dict())
    frames = clip(size=size).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    expected = model.backbone(frames)
    for stage, exact in zip(model._stages(frames), expected, strict=True):
        assert torch.equal(stage, exact), 'evaluation uses the backbone itself'
    for stage, exact in zip(model.train()._stages(frames), expected, strict=True):
        assert stage.dtype == torch.float32
        assert (stage - exact).abs().max() <= tolerance * exact.abs().max()
        assert not torch.equal(stage, exact), 'the copy was not used'
    assert list(model.state_dict()) == names


def test_estimator__frozen_copy_follows_the_weights():
    model, other = build(frozen_backbone_dtype='float32').train(), build().train()
    frames = clip().flatten(0, 1)
    model._stages(frames)
    for parameter in other.backbone.parameters():
        parameter.data.mul_(1.5)
    model.load_state_dict(other.state_dict())
    torch.testing.assert_close(
        model._stages(frames)[-1], other.backbone(frames)[-1], rtol=1e-3, atol=1e-4
    )


def _written_through_data(backbone):
    backbone.deconv_layers[0].weight.data.mul_(1.5)


def _loaded_alone(backbone):
    changed = {key: 1.1 * value for key, value in backbone.state_dict().items()}
    backbone.load_state_dict(changed)


def _other_statistics(backbone):
    backbone.backbone.bn1.running_var.fill_(2.0)


def _other_layer(backbone):
    backbone.backbone.layer1[0].conv1 = torch.nn.Conv2d(64, 64, 3, padding=1).requires_grad_(False)


def _activation(backbone):
    backbone.deconv_layers[8] = torch.nn.Tanh()


@pytest.mark.parametrize(
    'change', [_written_through_data, _loaded_alone, _other_statistics, _other_layer, _activation]
)
def test_estimator__frozen_copy_follows_any_change_of_the_backbone(change):
    model = build().train()
    frames = clip().flatten(0, 1)
    before = model._stages(frames)[-1]
    change(model.backbone)
    after, wanted = model._stages(frames)[-1], model.backbone(frames)[-1]
    torch.testing.assert_close(after, wanted, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(after, before, rtol=1e-2), 'the change changes nothing'
    assert torch.equal(model._stages(frames)[-1], after), 'nothing changed since'


def test_estimator__hooks_of_a_frozen_backbone_are_called():
    model, seen = build().train(), []
    model._stages(clip().flatten(0, 1))
    model.backbone.backbone.layer3.register_forward_hook(lambda *_: seen.append(1))
    model._stages(clip().flatten(0, 1))
    assert seen == [1]


class _PositionFirst(torch.nn.Module):
    """The normalisation follows a sum, not the convolution that is registered before it."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 16, 4, 4)
        self.position, self.norm = torch.nn.Conv2d(16, 16, 3, padding=1), torch.nn.BatchNorm2d(16)
        self.norm.running_var.uniform_(0.5, 2)

    def forward(self, x):
        x = self.stem(x)
        return (self.norm(x + self.position(x)),)


def test_estimator__frozen_copy_of_a_backbone_that_norms_in_another_order():
    model = single_frame(frozen=('backbone',))
    model.backbone = _PositionFirst().requires_grad_(False).eval()
    frames = clip()[:, 0]
    wanted = model.eval().extract_feat(frames)[-1]
    torch.testing.assert_close(model.train().extract_feat(frames)[-1], wanted)


def test_estimator__frozen_as_built_without_a_call_of_train():
    model = build()
    assert model.training
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model(clip(), samples(2), mode='loss')['loss_kpt'].backward()
    assert all(
        torch.equal(value, before[key]) for key, value in model.backbone.state_dict().items()
    )


def test_estimator__says_who_is_set_free():
    model = build().train()
    model.backbone.train()
    before = model.backbone.backbone.bn1.running_mean.clone()
    with pytest.warns(UserWarning, match='backbone is frozen and was put into training mode'):
        model(clip(), samples(2), mode='loss')
    assert torch.equal(before, model.backbone.backbone.bn1.running_mean)
    model.backbone.requires_grad_(True)
    with pytest.warns(UserWarning, match='backbone is frozen, and somebody let its parameters'):
        model(clip(), samples(2), mode='loss')['loss_kpt'].backward()
    assert model.backbone.backbone.conv1.weight.grad.abs().sum() > 0
    assert model.neck.heatmap_layer.weight.grad is None


@pytest.mark.parametrize('mode', [True, False])
def test_estimator__frames_get_a_gradient_through_what_is_frozen(mode):
    model, frames = build().train(mode), clip().requires_grad_()
    model(frames, None, mode='tensor').square().sum().backward()
    assert frames.grad.abs().sum() > 0
    assert model.backbone.backbone.conv1.weight.grad is None


def test_estimator__pickles_and_copies_without_its_fast_copy():
    model = build().train()
    wanted = model(clip(), None, mode='tensor')
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert again._frozen_copy._copy is None
        torch.testing.assert_close(again(clip(), None, mode='tensor'), wanted)


def test_estimator__head_alone_arrives_in_the_head():
    source, target = build(), build()
    head = {k: v + 1 for k, v in source.state_dict().items() if k.startswith('head.')}
    target.load_state_dict(head, strict=False)
    assert all(torch.equal(target.state_dict()[key], value) for key, value in head.items())


def test_estimator__head_alone_of_a_single_frame_is_the_heatmap_layer():
    target, single = build(), single_frame()
    head = {k: v + 1 for k, v in single.state_dict().items() if k.startswith('head.')}
    target.load_state_dict(head, strict=False)
    assert torch.equal(target.neck.heatmap_layer.weight, head['head.final_layer.weight'])


@pytest.mark.parametrize('changed', [{'frozen': ()}, {'frozen_norm': 'train'}])
def test_estimator__no_copy_of_a_backbone_that_changes(changed):
    model = build(**changed).train()
    model(clip(), samples(2), mode='loss')
    assert model._frozen_copy._copy is None


def test_estimator__unknown_frozen_module():
    with pytest.raises(ValueError, match=r"got 'neck\.final_layer'"):
        build(frozen=('neck.final_layer',))
    assert build(frozen=None).frozen == ()
    names = ('backbone', 'head')
    assert build(frozen=(name for name in names)).frozen == names


def test_estimator__flip_test_is_the_average_of_both_views():
    model = build().eval()
    captured = []
    model.head.decode = lambda heatmaps: captured.append(heatmaps) or []
    model.add_pred_to_datasample = lambda preds, fields, data_samples: data_samples
    model.test_cfg = {'flip_test': True, 'flip_mode': 'heatmap', 'shift_heatmap': True}
    model(clip(), samples(2), mode='predict')
    plain = model(clip(), None, mode='tensor')
    mirrored = model(clip().flip(-1), None, mode='tensor')
    expected = 0.5 * (
        plain + flip_heatmaps(mirrored, list(range(17)), 'heatmap', shift_heatmap=True)
    )
    torch.testing.assert_close(captured[0], expected)


def test_head__ensemble_predicts_a_mean_with_the_single_frame_and_trains_as_without():
    plain, both = build().eval(), build()
    both.load_state_dict(plain.state_dict())
    both.head.ensemble = True
    both.eval()
    feats = plain.extract_feat(clip())
    expected = peak_weighted_mean(plain.head(feats), feats.initial_heatmaps[:, 1])
    torch.testing.assert_close(both(clip(), None, mode='tensor'), expected)
    losses = [model(clip(), samples(2), mode='loss')['loss_kpt'] for model in (plain, both)]
    torch.testing.assert_close(*losses)


def test_head__ensemble_needs_a_neck_that_names_initial_heatmaps(monkeypatch):
    monkeypatch.setattr('jmpose_mm.models.necks.JointMotionNeck.feature_names', ('fused',))
    head = {'type': 'jmpose_mm.VideoPoseHead', 'in_channels': 8, 'out_channels': 17}
    with pytest.raises(UsageError, match=r"model\.head\.ensemble: .*'initial_heatmaps'"):
        build(head={**head, 'ensemble': True})


def test_head__target_of_another_size_is_named():
    with pytest.raises(ValueError, match=r'input_size.*\(2, 17, 16, 8\) and \(2, 17, 9, 9\)'):
        build()(clip(), samples(2, size=(9, 9)), mode='loss')


def test_frozen_copy__inside_what_is_compiled():
    from jmpose_mm.models.layers.frozen_features import FrozenCopy

    torch.manual_seed(0)
    module = (
        torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
        .eval()
        .requires_grad_(False)
    )
    copy, images = FrozenCopy(), torch.randn(2, 3, 8, 8)
    doubled = torch.compile(lambda x: 2 * copy(module, x)[0], backend='eager')
    torch.testing.assert_close(doubled(images), 2 * module(images))
    assert copy._copy is not None
