"""No setting does nothing: it takes effect, or is refused with the path that does."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from jmpose_mm.engine.configs import load_config
from jmpose_mm.engine.settings import READ_SETTINGS, check_config_file, check_overrides
from jmpose_mm.errors import UsageError

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
FILES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)
DEBUG = CONFIGS / 'jm_pose' / 'jm-pose_debug.py'


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """Texts of what is logged as a warning."""
    texts: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: texts.append(record.getMessage())  # type: ignore[method-assign]
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield texts
    logger.removeHandler(handler)


def test_read_settings__are_those_that_the_runner_asks_for() -> None:
    """The strings that mmengine's runner looks up in a config, read from its source."""
    import re

    from mmengine.runner import runner

    source = Path(runner.__file__).read_text(encoding='utf-8')
    asked = set(re.findall(r"\bcfg(?:\.get\(|\[)'(\w+)'", source))
    within = {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit', 'type', 'cfg'}
    assert {'model', 'load_from', 'sync_bn'} <= asked
    assert asked - within - READ_SETTINGS - {'log_processor'} <= {'optimizer', 'num_workers'}


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_every_top_level_key__is_read_or_refused_with_a_path_that_is(file: Path) -> None:
    check_config_file(file)
    cfg = Config.fromfile(file)
    for key in cfg:
        if key in READ_SETTINGS:
            check_overrides(cfg, {key: 1})
            continue
        with pytest.raises(UsageError, match=f'{key} has no effect') as refused:
            check_overrides(cfg, {key: 1})
        _, said, paths = str(refused.value).partition('; set ')
        named = [path for path in paths.split(', ') if path and ' and ' not in path]
        assert said or 'change what was made of it' in str(refused.value)
        for path in named:
            assert path.partition('.')[0] in READ_SETTINGS


@pytest.mark.parametrize(
    ('override', 'path'),
    [
        ('codec.sigma=1', 'model.head.decoder.sigma'),
        ('codec.sigma=1', 'train_dataloader.dataset.pipeline.6.encoder.sigma'),
        ('neck.motion=difference', 'model.neck.motion'),
        ('head.loss_terms.weight=0.1', 'model.head.loss_terms.weight'),
        ('data_root=elsewhere', 'val_dataloader.dataset.data_root'),
        ('frame_offsets=(-1,0,1)', 'model.neck.frame_offsets'),
        ('dataset_type=jmpose_mm.PoseTrackClipDataset', 'train_dataloader.dataset.type'),
        ('tiny.frames=9', 'train_dataloader.dataset.settings.frames'),
    ],
)
def test_override_of_a_piece__names_paths_that_take_effect(override: str, path: str) -> None:
    with pytest.raises(UsageError, match='has no effect') as refused:
        load_config(str(DEBUG), [override])
    assert path in str(refused.value)
    value = override.partition('=')[2]
    before, after = load_config(str(DEBUG)), load_config(str(DEBUG), [f'{path}={value}'])
    live = [
        {key: value for key, value in cfg.to_dict().items() if key in READ_SETTINGS}
        for cfg in (before, after)
    ]
    assert live[0] != live[1]


@pytest.mark.parametrize(
    ('override', 'said'),
    [
        ('information_weight=0.1', 'information_weight is not in the config yet: nothing reads it'),
        ('optim_wraper.optimizer.lr=1', 'optim_wraper .*nearest: optim_wrapper'),
        ('model.neck.num_keypoint=3', r'model\.neck\.num_keypoint is not .*: num_keypoints'),
        ('train_dataloader.dataset.pipeline.0.border=released', r'pipeline\.0\.border is not in'),
    ],
)
def test_override_of_a_setting_that_is_not_there__warns_with_the_nearest(
    override: str, said: str, warnings: list[str]
) -> None:
    load_config(str(DEBUG), [override])
    assert len(warnings) == 1
    import re

    assert re.search(said, warnings[0])


@pytest.mark.parametrize(
    ('override', 'said'),
    [
        ('model.test_cfg.flip_test=no', r"model\.test_cfg\.flip_test: expected true or .*'no'"),
        ('test_dataloader.dataset.test_mode=off', r"test_mode: expected true or false, got 'off'"),
        ('param_scheduler.0.end=3', r'^cfg_options: param_scheduler\.0\.end: '),
        ('train_dataloader.dataset.pipeline.99.a=3', r'^cfg_options: train_dataloader\S+99\.a: '),
    ],
)
def test_override__that_cannot_be_meant_is_refused(override: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_config(str(DEBUG), [override])


def test_override__of_what_is_there_or_read_says_nothing(warnings: list[str]) -> None:
    load_config(str(DEBUG), ['train_cfg.max_iters=2', 'load_from=None', 'sync_bn=torch'])
    load_config(str(DEBUG), ['train_dataloader.dataset.pipeline.0.frame_offsets=(-1,0,1)'])
    assert warnings == []


@pytest.mark.parametrize(
    ('lines', 'name'),
    [
        ('codec = dict(input_size=(192, 256), heatmap_size=(48, 64))', 'codec'),
        ("data_root = 'mine/'", 'data_root'),
        ('frame_offsets = (-1, 0, 1)', 'frame_offsets'),
        ('neck = dict(motion="difference")', 'neck'),
        (
            'train_pipeline = []\nlr = 3\noptim_wrapper = dict(optimizer=dict(lr=lr))',
            'train_pipeline',
        ),
    ],
)
def test_own_file__that_sets_a_piece_of_its_base_is_refused(
    lines: str, name: str, tmp_path: Path
) -> None:
    file = tmp_path / 'mine.py'
    file.write_text(f"_base_ = '{DEBUG}'\n{lines}\n")
    with pytest.raises(UsageError, match=rf'mine\.py: {name} has no effect'):
        load_config(str(file))
    # and through a file that inherits from it
    (tmp_path / 'leaf.py').write_text("_base_ = 'mine.py'\nx = 3\n")
    with pytest.raises(UsageError, match=rf'mine\.py: {name} has no effect'):
        load_config(str(tmp_path / 'leaf.py'))


def test_own_file__that_uses_what_it_sets_is_taken(tmp_path: Path, warnings: list[str]) -> None:
    used = 'codec = dict(_base_.codec, sigma=1)\nmodel = dict(head=dict(decoder=codec))\n'
    (tmp_path / 'used.py').write_text(f"_base_ = '{DEBUG}'\n{used}")
    assert load_config(str(tmp_path / 'used.py')).model.head.decoder.sigma == 1
    (tmp_path / 'pieces.py').write_text(f"_base_ = '{DEBUG}'\ncodec = dict(sigma=1)\n")
    (tmp_path / 'leaf.py').write_text(
        "_base_ = 'pieces.py'\nmodel = dict(head=dict(decoder=_base_.codec))\n"
    )
    assert load_config(str(tmp_path / 'leaf.py')).model.head.decoder.sigma == 1
    assert warnings == []


def test_own_file__mistyped_name_is_a_warning(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / 'mine.py').write_text(f"_base_ = '{DEBUG}'\ntrain_dataloder = dict(batch_size=3)\n")
    load_config(str(tmp_path / 'mine.py'))
    assert len(warnings) == 1
    assert warnings[0].endswith(
        'nothing reads train_dataloder, so that it has no effect; nearest: train_dataloader'
    )


def test_check__leaves_the_config_as_it_was() -> None:
    cfg = Config.fromfile(DEBUG)
    before = copy.deepcopy(cfg.to_dict())
    check_overrides(cfg, {'train_cfg.max_iters': 1})
    assert cfg.to_dict() == before


def test_load_config__keeps_blanks_in_names_of_files() -> None:
    place = 'train_dataloader.dataset.data_root'
    cfg = load_config(str(DEBUG), [f'{place}=/my data/a (1)', 'load_from="work dirs/a b.pth"'])
    assert cfg.train_dataloader.dataset.data_root == '/my data/a (1)'
    assert cfg.load_from == 'work dirs/a b.pth'
    cfg = load_config(str(DEBUG), ['train_cfg.max_iters= 5', 'model.frozen=[backbone, head]'])
    assert (cfg.train_cfg.max_iters, cfg.model.frozen) == (5, ['backbone', 'head'])


def test_load_config__takes_none_for_no_overrides_and_the_launcher_among_them() -> None:
    assert load_config(str(DEBUG), None).launcher == 'none'
    assert load_config(str(DEBUG), ['launcher=slurm']).launcher == 'slurm'
    assert load_config(str(DEBUG), ['launcher=slurm'], launcher='mpi').launcher == 'mpi'


def test_load_config__takes_dictionaries_as_overrides() -> None:
    hook = "default_hooks.logger={'type': 'LoggerHook', 'interval': 9}"
    assert load_config('jm-pose_debug.py', [hook]).default_hooks.logger.interval == 9
