"""Values that a config holds in several places and that must be one, checked before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

from jmpose_mm.engine.configs import PACKAGED_CONFIGS, type_name
from jmpose_mm.errors import UsageError, cut, listed

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['check_consistency', 'check_start']

_OTHER_JOINTS = (
    ", or put mmpose's KeypointConverter into the pipelines, which keeps some joints of a data set"
)
_SPLITS = ('train', 'val', 'test')
# A place in the config, and what it holds.
Values = Iterator[tuple[str, Any]]


def check_consistency(cfg: Config) -> None:
    """Check what data, model and codec must agree on, and what else keeps a run from starting.

    Args:
        cfg: A config of a top-down model; what it does not have is not checked.

    Raises:
        UsageError: Frames, input sizes, heatmap sizes or numbers of keypoints differ, naming all
            places; a loader keeps workers that it does not have; a type's package is not installed;
            rates that are to fall by block would not.
    """
    for name, part in _mapping(cfg.get('model')).items():
        if name in ('backbone', 'neck', 'head') and not isinstance(part, (Mapping, NoneType)):
            raise UsageError(f'model.{name}: expected a part with a type, got {cut(repr(part))}')
    _check_packages(cfg)
    _check_layer_decay(cfg)
    _check_switches(cfg)
    _check_optimizer(cfg)
    _check_equal('frame_offsets', _frames(cfg))
    _check_equal('input_size', _sizes(cfg, 'input_size'))
    _check_equal('heatmap_size', _sizes(cfg, 'heatmap_size'))
    _check_equal('number of keypoints', _keypoints(cfg), _OTHER_JOINTS)
    for name in ('max_epochs', 'max_iters', 'val_interval'):
        length = _mapping(cfg.get('train_cfg')).get(name)
        if length is not None and not (isinstance(length, int | float) and length >= 1):
            raise UsageError(f'train_cfg.{name}: expected a number of at least 1, got {length!r}')
    for name, loader in _loaders(cfg):
        if loader.get('persistent_workers') and not loader.get('num_workers'):
            raise UsageError(
                f'{name}: expected workers for persistent_workers=True, got num_workers=0; set '
                f'{name}.persistent_workers=False too'
            )


def check_start(load_from: str) -> str:
    """``load_from`` itself, unless it is what another config of this package trains, and missing.

    Raises:
        UsageError: That config has not been trained yet; the message says how.
    """
    file = Path(load_from)
    name = file.parent.name
    own = file.parent.parent / 'configs' / f'{file.name}.py'
    if own.is_file() and not any(file.glob('*.pth')):
        raise UsageError(
            f'load_from: {file.resolve()} holds no checkpoint yet, of the frozen image model: '
            f'train that first, by `mim train jmpose_mm {own.resolve()}`, or name other weights, '
            'load_from=FILE'
        )
    if '://' in load_from or file.exists() or not name:
        return load_from
    if any(PACKAGED_CONFIGS.resolve().rglob(f'{name}.py')):
        raise UsageError(
            f'load_from: {file} does not exist yet; it holds the frozen image model: train that '
            f'first, by `python tools/train.py {name}` (or `mim train jmpose_mm {name}.py`), or '
            'name other weights, load_from=FILE'
        )
    return load_from


def _check_equal(what: str, values: Values, advice: str = '') -> None:
    """Raise `UsageError` unless all places hold one value."""
    places: dict[Any, list[str]] = {}
    for place, value in values:
        if value is not None:
            places.setdefault(tuple(value) if _is_list(value) else value, []).append(place)
    if len(places) > 1:
        said = ', but '.join(f'{value} in {listed(found)}' for value, found in places.items())
        raise UsageError(f'{what}: expected one value, got {said}; make them the same{advice}')


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _loaders(cfg: Config) -> Iterator[tuple[str, Any]]:
    for split in _SPLITS:
        loader = cfg.get(f'{split}_dataloader')
        if isinstance(loader, Mapping):
            yield f'{split}_dataloader', loader


def _steps(cfg: Config) -> Iterator[tuple[str, Any]]:
    for name, loader in _loaders(cfg):
        for index, step in enumerate(loader.get('dataset', {}).get('pipeline') or ()):
            yield f'{name}.dataset.pipeline.{index}', step


def _frames(cfg: Config) -> Values:
    model = _mapping(cfg.get('model'))
    if model.get('neck'):
        yield 'model.neck.frame_offsets', model['neck'].get('frame_offsets')
    elif type_name(model) == 'VideoTopdownEstimator':
        yield 'model (without a neck)', (0,)
    for place, step in _steps(cfg):
        yield f'{place}.frame_offsets', step.get('frame_offsets')


def _sizes(cfg: Config, name: str) -> Values:
    decoder = _mapping(_mapping(_mapping(cfg.get('model')).get('head')).get('decoder'))
    yield f'model.head.decoder.{name}', decoder.get(name)
    for place, step in _steps(cfg):
        yield f'{place}.{name}', step.get(name)
        yield f'{place}.encoder.{name}', _mapping(step.get('encoder')).get(name)


def _keypoints(cfg: Config) -> Values:
    model = _mapping(cfg.get('model'))
    if type_name(model) not in ('TopdownPoseEstimator', 'VideoTopdownEstimator'):
        return  # channels of other families are not one for each keypoint
    neck, head = _mapping(model.get('neck')), _mapping(model.get('head'))
    yield 'model.neck.num_keypoints', neck.get('num_keypoints')
    yield 'model.head.out_channels', head.get('out_channels')
    if head.get('final_layer', '') is None and not head.get('deconv_out_channels'):
        yield 'model.head.in_channels (no final layer)', head.get('in_channels')
    yield 'model.head.decoder.num_keypoints', _mapping(head.get('decoder')).get('num_keypoints')
    for place, step in _steps(cfg):
        yield f'{place}.encoder.num_keypoints', _mapping(step.get('encoder')).get('num_keypoints')
    for name, loader in _loaders(cfg):
        yield f'{name}.dataset', _keypoints_of_dataset(loader.get('dataset', {}))


def _keypoints_of_dataset(dataset: Any) -> int | None:
    """How many keypoints a data set's samples have; None where only building it would tell."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from jmpose_mm.registry import DATASETS

    for step in dataset.get('pipeline') or ():
        if type_name(step) == 'KeypointConverter':
            return int(step['num_keypoints'])
    kind = dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    metainfo = dataset.get('metainfo') or getattr(kind, 'METAINFO', None)
    if not metainfo:
        return None
    return int(parse_pose_metainfo(dict(metainfo))['num_keypoints'])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _check_packages(cfg: Config) -> None:
    """Refuse a type of a package that is not installed, before a registry says it knows no such."""
    for place, name in _types(_mapping(cfg.get('model')), 'model'):
        package = name.partition('.')[0]
        if '.' in name and find_spec(package) is None:
            raise UsageError(
                f'{place}: {name} needs the package {package}, which is not installed: '
                f'pip install {package}'
            )


def _check_layer_decay(cfg: Config) -> None:
    """Refuse mmpose's constructor where it would give every block the full rate without a word."""
    constructor = str(_mapping(cfg.get('optim_wrapper')).get('constructor', ''))
    backbone = type_name(_mapping(_mapping(cfg.get('model')).get('backbone')))
    if constructor.endswith('LayerDecayOptimWrapperConstructor') and str(backbone).endswith(
        'DeconvBackbone'
    ):
        raise UsageError(
            'optim_wrapper.constructor: expected one that looks for blocks inside of '
            f'DeconvBackbone, got {constructor}, which would train all of them at the full rate; '
            'write jmpose_mm.NestedLayerDecayConstructor'
        )


def _check_switches(cfg: Config) -> None:
    """Refuse text where the tests ask for yes or no: any text is true for Python."""
    for name, value in _mapping(_mapping(cfg.get('model')).get('test_cfg')).items():
        if name in ('flip_test', 'shift_heatmap', 'output_heatmaps') and isinstance(value, str):
            raise UsageError(f'model.test_cfg.{name}: expected True or False, got {value!r}')


def _check_optimizer(cfg: Config) -> None:
    """Refuse an unknown optimiser by name: mmengine asks the registry's None for its arguments."""
    name = _mapping(_mapping(cfg.get('optim_wrapper')).get('optimizer')).get('type')
    if not isinstance(name, str) or '.' in name:
        return
    from jmpose_mm.registry import OPTIMIZERS

    if OPTIMIZERS.get(name) is None:
        known = {*OPTIMIZERS.module_dict, *OPTIMIZERS.root.module_dict}
        near = get_close_matches(name, sorted(known))
        raise UsageError(
            f'optim_wrapper.optimizer.type: expected an optimiser of torch or one that is '
            f'registered, got {name!r}; nearest: {listed(near) or "none"}'
        )


def _types(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    items: Any = ()
    if isinstance(tree, Mapping):
        items = tree.items()
    elif _is_list(tree):
        items = enumerate(tree)
    for key, value in items:
        if key == 'type' and isinstance(value, str):
            yield f'{path}.type', value
        else:
            yield from _types(value, f'{path}.{key}')
