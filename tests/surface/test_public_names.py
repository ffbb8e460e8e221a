"""What users import: the names are a decision, each has an example that holds."""

from __future__ import annotations

import doctest
import inspect
import pydoc
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

import jmpose_mm
import jmpose_mm.apis

ROOT = Path(jmpose_mm.__file__).parents[1]
# A change of this list is a change for everybody who imports a name.
PUBLIC = {
    'jmpose_mm': [
        *('AutocastOptimWrapper', 'BrokenPackageError', 'ClipDataPreprocessor', 'ClipFeatures'),
        'ClipVisualizer',
        *('DeconvBackbone', 'DegradeFrames', 'DualConsecutiveNeck', 'DurableCheckpointHook'),
        *('FeatureAlignmentNeck', 'FiniteLossHook', 'FrameFeatures', 'FrameGroupSampler'),
        'FusedFeatures',
        *('HRNetStages', 'HieveAPMetric', 'HieveClipDataset', 'IgnoreOutOfCropKeypoints'),
        *('InitialWeightsHook', 'JointAggregationNeck', 'JointMotionNeck', 'KeypointMetric'),
        'LoadClip',
        *('MutualInformationLoss', 'NestedLayerDecayConstructor', 'Panel', 'PlainCheckpointHook'),
        'PoseTrackAPMetric',
        *('PoseTrackClipDataset', 'PoseWarpingNeck', 'ProvenanceHook', 'RandomClipScaleRotation'),
        *(
            'ReleasedHeatmap',
            'Row',
            'RunBatchSampler',
            'SampleSupportFrames',
            'SharedCrops',
            'Skeleton',
            'SubJhmdbClipDataset',
        ),
        *('SubJhmdbPCKMetric', 'SyntheticClipDataset', 'TemporalDifferenceNeck'),
        *('TopdownClipAffine', 'UsageError', 'VideoPoseHead', 'VideoPoseInferencer'),
        *('VideoTopdownEstimator', 'VisionTransformer', 'WeighKeypoints', '__version__'),
        'analyze_results',
        'collate_runs',
        *('comparison_picture', 'convert_checkpoint', 'draw_poses', 'export_onnx', 'load_config'),
        *('make_boxes', 'publish_model', 'read_poses', 'save_picture', 'skeleton_of'),
        *('true_cause', 'write_film'),
    ],
    'jmpose_mm.apis': [
        *('FoundBoxes', 'VideoPoseInferencer', 'analyze_results', 'convert_checkpoint'),
        *('export_onnx', 'load_config', 'make_boxes', 'open_source', 'prepare_training'),
        *('publish_model', 'read_poses', 'test', 'to_dataframe', 'train'),
    ],
}
NAMES = sorted({name for names in PUBLIC.values() for name in names})


@pytest.mark.parametrize('package', PUBLIC)
def test_names__are_those_that_were_decided_on(package: str) -> None:
    module = import_module(package)
    assert sorted(module.__all__) == PUBLIC[package]
    assert set(PUBLIC[package]) <= set(dir(module))
    assert not {'Any', 'annotations'} & set(dir(module))
    assert all(getattr(module, name) is not None for name in module.__all__)


@pytest.mark.parametrize('package', ['models', 'datasets', 'evaluation'])
def test_names__of_a_package_are_those_of_the_whole(package: str) -> None:
    module = import_module(f'jmpose_mm.{package}')
    for name in module.__all__:
        assert getattr(module, name) is getattr(jmpose_mm, name)


def test_registered_classes__can_be_imported() -> None:
    registry = import_module('jmpose_mm.registry')
    found = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]
    ours = [one for one in found if one.scope == registry.SCOPE]
    assert len(ours) > 20
    for one in ours:
        one.import_from_location()
        for name, value in one.module_dict.items():
            if value.__module__.startswith('jmpose_mm'):
                assert getattr(jmpose_mm, name) is value


def test_help__shows_what_a_user_calls() -> None:
    said = pydoc.plain(pydoc.render_doc('jmpose_mm.apis'))
    assert 'class VideoPoseInferencer' in said
    with pytest.raises(AttributeError, match="module 'jmpose_mm' has no attribute 'nothing'"):
        _ = jmpose_mm.nothing


def test_types__are_shipped() -> None:
    assert (ROOT / 'jmpose_mm/py.typed').is_file()
    assert 'py.typed' in (ROOT / 'setup.cfg').read_text()


def _dotted_names() -> list[str]:
    pages = [ROOT / 'README.md', *(ROOT / 'docs').glob('*.md')]
    text = ''.join(page.read_text(encoding='utf-8') for page in pages)
    return sorted(set(re.findall(r'`(jmpose_mm(?:\.\w+)+)`', text)))


@pytest.mark.parametrize('name', _dotted_names())
def test_names__in_the_docs_are_importable(name: str) -> None:
    module, _, attribute = name.rpartition('.')
    try:
        import_module(name)
    except ImportError:
        assert hasattr(import_module(module), attribute)


@pytest.mark.parametrize('name', NAMES)
def test_examples__hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'info', lambda *_: None)
    value = getattr(jmpose_mm, name, None) or getattr(jmpose_mm.apis, name)
    if name == '__version__':  # text has no docstring; its module has one
        value = import_module('jmpose_mm.version')
    module = sys.modules[inspect.getmodule(value).__name__]
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(value, name, module, globs=dict(vars(module)))
    assert found.examples, 'it has no example'
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.DocTestRunner(optionflags=flags).run(found).failed == 0
