"""What the training and testing commands make of their options, and how they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from jmpose_mm.apis import metrics_file
from jmpose_mm.apis import train_and_test as api
from jmpose_mm.engine import configs
from jmpose_mm.engine.distributed import check_launcher
from jmpose_mm.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / 'configs' / '_base_' / 'default_runtime.py'


def run_tool(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / 'tools' / name), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_find_config__path_first_then_packaged_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    packaged = configs.find_config('default_runtime.py')
    assert Path(packaged).samefile(RUNTIME)
    assert configs.find_config('default_runtime') == packaged
    Path('default_runtime.py').write_text('x = 1\n', encoding='utf-8')
    assert configs.find_config('default_runtime.py') == 'default_runtime.py'


def test_find_config__of_a_path_that_does_not_exist_says_what_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr('mmengine.logging.print_log', lambda text, *_: said.append(text))
    monkeypatch.chdir(tmp_path)
    for known in ('jm-pose_debug', 'jm_pose/jm-pose_debug.py', 'configs/jm_pose/jm-pose_debug.py'):
        assert Path(configs.find_config(known)).is_file()
    assert said == []
    packaged = configs.find_config('own/jm-pose_debug.py')
    assert said == [
        'config: own/jm-pose_debug.py does not exist: the packaged config of that name is used, '
        + packaged
    ]


def test_find_config__two_of_a_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ('a', 'b'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'same.py').touch()
    monkeypatch.setattr(configs, 'PACKAGED_CONFIGS', tmp_path)
    with pytest.raises(UsageError, match='several'):
        configs.find_config('same.py')


def test_load_config__overrides_have_their_types_and_work_dir_its_order(tmp_path: Path) -> None:
    overrides = ['train_cfg.max_epochs=3', 'env_cfg.x=[1,2.5]', 'log_level=DEBUG', 'a=b=c']
    cfg = configs.load_config(str(RUNTIME), overrides)
    assert cfg.train_cfg.max_epochs == 3
    assert cfg.env_cfg.x == [1, 2.5]
    assert cfg.log_level == 'DEBUG'
    assert cfg.a == 'b=c'
    assert cfg.work_dir == str(Path('work_dirs', 'default_runtime'))
    config = tmp_path / 'mine.py'
    config.write_text("work_dir = 'said'\n")
    assert configs.load_config(str(config)).work_dir == 'said'
    assert configs.load_config(str(config), work_dir='given').work_dir == 'given'


def test_prepare_training__options_reach_the_config(tmp_path: Path) -> None:
    checkpoint = tmp_path / 'x.pth'
    stored = {'message_hub': {}, 'optimizer': {}, 'meta': {'epoch': 1, 'iter': 2}}
    torch.save({**stored, 'state_dict': {'a': torch.ones(1)}}, checkpoint)
    cfg = Config(
        dict(
            work_dir=str(tmp_path / 'work'),
            val_cfg={},
            val_dataloader={},
            val_evaluator={},
            auto_scale_lr={'base_batch_size': 8},
        )
    )
    before = cfg.pretty_text
    ready = api.prepare_training(cfg, resume=str(checkpoint), validate=False, auto_scale_lr=True)
    assert cfg.pretty_text == before
    assert ready.resume is True
    assert ready.load_from == str(checkpoint)
    assert ready.val_cfg is ready.val_dataloader is ready.val_evaluator is None
    assert ready.auto_scale_lr.enable is True
    assert api.prepare_training(ready, resume='auto').resume is False
    assert api.prepare_training(ready, resume=True).resume is False
    assert api.prepare_training(cfg, resume=False).get('resume', False) is False
    with pytest.raises(UsageError, match='nothing'):
        api.prepare_training(Config(dict(load_from='nothing.pth')))


@pytest.mark.parametrize('split', ['train', 'test'])
def test_prepare_training__frames_of_data_and_neck_differ(split: str) -> None:
    cfg = configs.load_config('dcpose_debug.py')
    cfg[f'{split}_dataloader'].dataset.pipeline[0].frame_offsets = (-2, -1, 0, 1, 2)
    with pytest.raises(UsageError, match=rf'frame_offsets: .*{split}_dataloader'):
        api.prepare_training(cfg)


def test_prepare_training__amp_changes_the_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='SGD'))))
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    with pytest.raises(UsageError, match='amp: expected a CUDA device, got cpu'):
        api.prepare_training(cfg, amp=True, device='cpu')
    cfg = api.prepare_training(cfg, amp=True, device='cuda')
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'


def test_prepare_training__takes_paths_and_configs_as_they_are_read(tmp_path: Path) -> None:
    cfg = Config.fromfile(configs.find_config('jm-pose_debug.py'))
    cfg.load_from = tmp_path / 'start.pth'
    cfg.load_from.touch()
    ready = api.prepare_training(cfg, validate=False)
    assert ready.load_from == str(tmp_path / 'start.pth')
    assert ready.work_dir == str(Path('work_dirs', 'jm-pose_debug'))
    assert 'work_dir' not in cfg


def test_prepare_training__refuses_what_the_config_does_not_say() -> None:
    with pytest.raises(UsageError, match='base_batch_size'):
        api.prepare_training(Config(dict(auto_scale_lr=None)), auto_scale_lr=True)
    with pytest.raises(UsageError, match=r"'gone\.pth' does not exist"):
        api.prepare_training(Config({}), resume='gone.pth')


def test_draw_into__switches_the_hook_on() -> None:
    cfg = Config.fromfile(RUNTIME)
    cfg.test_dataloader = {'batch_size': 1}
    metrics_file.draw_into(cfg, None)
    assert cfg.default_hooks.visualization.enable is False
    metrics_file.draw_into(cfg, Path('drawn'))
    assert cfg.default_hooks.visualization.enable is True
    assert cfg.default_hooks.visualization.out_dir == 'drawn'
    with pytest.raises(UsageError, match='show_dir'):
        metrics_file.draw_into(Config({}), 'drawn')
    with pytest.raises(UsageError, match=r'show_dir: expected .*\.py to be a folder'):
        metrics_file.draw_into(cfg, __file__)
    with pytest.raises(UsageError, match='show_dir: expected val_dataloader, whose predictions'):
        metrics_file.draw_into(cfg, 'drawn', 'val')  # a training without validation


def test_write_metrics__is_valid_json_and_leaves_nothing_unfinished(tmp_path: Path) -> None:
    out = tmp_path / 'new' / 'metrics.json'
    conditions = {'boxes': 'ground truth'}
    metrics_file.write_metrics(
        str(out), {'a': 1.5, 'b': float('nan')}, conditions, {'config': 'c.py'}
    )
    assert json.loads(out.read_text()) == {
        'boxes': 'ground truth',
        'metrics': {'a': 1.5, 'b': None},
        'provenance': {'config': 'c.py'},
    }
    metrics_file.write_metrics(out, {'a': [1.5, 2], 'b': '1.5 of 2'}, {}, {})
    assert json.loads(out.read_text())['metrics'] == {'a': '[1.5, 2]', 'b': '1.5 of 2'}
    before = out.read_text()
    with pytest.raises(TypeError):
        metrics_file.write_metrics(str(out), {'a': 2.5}, {'boxes': object()}, {})
    assert out.read_text() == before
    assert [file.name for file in out.parent.iterdir()] == ['metrics.json']


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_help__names_what_mim_looks_for(tool: str, tmp_path: Path) -> None:
    result = run_tool(tool, '--help', cwd=tmp_path)
    assert result.returncode == 0
    assert '--gpus' in result.stdout
    assert '--device' in result.stdout


@pytest.mark.parametrize(
    ('tool', 'arguments', 'message'),
    [
        ('train.py', ['gone.py'], "config 'gone.py' is neither a file nor"),
        ('train.py', ['default_runtime.py', '--cfg-options', 'x'], 'expected key=value'),
        ('train.py', ['default_runtime.py', '--gpus', '2'], 'needs a launcher'),
        ('test.py', ['default_runtime.py', 'gone.pth'], "checkpoint 'gone.pth' does not exist"),
        ('test.py', ['default_runtime.py', 'x', '--out', 'a.txt'], 'ending in .json'),
    ],
)
def test_tools__refuse_in_one_line(
    tool: str, arguments: list[str], message: str, tmp_path: Path
) -> None:
    result = run_tool(tool, *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr.strip().splitlines()[-1]
    assert 'Traceback' not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_gpus_0__means_cpu(tmp_path: Path) -> None:
    """The tool hides all devices before torch is imported: a config sees the environment."""
    # an import statement would make it another kind of config
    shown = "__import__('os').environ['CUDA_VISIBLE_DEVICES']"
    (tmp_path / 'look.py').write_text(f"_ = __import__('sys').exit('[' + {shown} + ']')\n")
    environment = {**os.environ, 'CUDA_VISIBLE_DEVICES': '7'}
    result = run_tool('train.py', 'look.py', '--gpus', '0', '--device', 'cuda', cwd=tmp_path)
    assert result.returncode == 2
    assert '--gpus 0 means the CPU' in result.stderr
    for options, seen in ((['--gpus', '0'], ''), (['--device', 'cpu'], ''), (['--gpus', '1'], '7')):
        result = subprocess.run(
            [sys.executable, str(ROOT / 'tools' / 'train.py'), 'look.py', *options],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert f'[{seen}]' in result.stderr.splitlines()


@pytest.mark.parametrize('kind', ['of another method', 'truncated'])
def test_test__checkpoint_that_does_not_fit_is_refused(kind: str, tmp_path: Path) -> None:
    """mmengine would warn and evaluate random weights."""
    import torch
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import MODELS

    cfg = configs.load_config('dcpose_debug.py', (), str(tmp_path / 'work'))
    root = str(tmp_path / 'data')
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = root
    cfg.test_evaluator.ann_file = f'{root}/annotations/posetrack18_val.json'
    init_default_scope('mmpose')
    other = MODELS.build(configs.load_config('fami-pose_debug.py').model)
    checkpoint = tmp_path / 'other.pth'
    torch.save({'state_dict': other.state_dict(), 'meta': {}}, checkpoint)
    expected = 'neck.residual_fusion'
    if kind == 'truncated':
        checkpoint.write_bytes(checkpoint.read_bytes()[:10_000])
        expected = 'no complete checkpoint'
    out = tmp_path / 'metrics.json'
    with pytest.raises(UsageError, match=expected):
        api.test(cfg, str(checkpoint), str(out))
    assert not out.exists()


def test_test__without_a_test_set_says_so(tmp_path: Path) -> None:
    (tmp_path / 'weights.pth').touch()
    with pytest.raises(UsageError, match='test_dataloader: expected data to test on, got none'):
        api.test(Config(dict(work_dir=str(tmp_path))), tmp_path / 'weights.pth', device='cpu')


@pytest.fixture(scope='module')
def tested(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A random model tested by two metrics, one of which writes predictions."""
    import torch
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import MODELS

    folder = tmp_path_factory.mktemp('tested')
    root = f'{folder}/data/'
    changes = [f'{split}_dataloader.dataset.data_root={root}' for split in ('train', 'val', 'test')]
    changes += [f'test_evaluator.ann_file={root}annotations/posetrack18_val.json']
    cfg = configs.load_config('dcpose_debug.py', changes, str(folder / 'work'))
    cfg.test_evaluator = [cfg.test_evaluator, dict(type='PCKAccuracy', thr=0.2)]
    for name in ('work_dir', 'launcher'):  # as `Config.fromfile` gives it
        cfg._cfg_dict.pop(name)
    init_default_scope('mmpose')
    checkpoint = folder / 'run' / 'epoch_1.pth'
    checkpoint.parent.mkdir()
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict(), 'meta': {}}, checkpoint)
    before = cfg.to_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        metrics = api.test(cfg, folder / 'run', folder / 'out.json', out_dir=folder / 'out')
    assert cfg.to_dict() == before
    (predictions,) = (folder / 'out').glob('*.json')
    return {
        'metrics': metrics,
        'cfg': cfg,
        'checkpoint': checkpoint,
        'out': json.loads((folder / 'out.json').read_text()),
        'predictions': json.loads(predictions.read_text()),
    }


def test_test__out_says_what_was_run(tested: dict) -> None:
    """`ProvenanceHook` reads it off what runs; nothing of it is typed in the config."""
    import hashlib

    out = tested['out']
    assert out['boxes'] == 'ground truth'
    assert out['protocol'].startswith('no flip test, dark (blur 7) decoding, classic warp')
    assert 'frames -1 0 1, input 96x128' in out['protocol']
    assert (out['score_rule'], out['nms']) == ('keypoint*box', None)
    record = out['provenance']
    assert record['config']['name'] == 'dcpose_debug.py'
    digest = hashlib.sha256(tested['checkpoint'].read_bytes()).hexdigest()
    assert record['checkpoint'] == {'name': str(tested['checkpoint']), 'sha256': digest}
    data = tested['cfg'].test_dataloader.dataset
    assert record['data']['annotations'] == Path(data.ann_file).name
    assert record['data']['images'] == 6
    assert record['data']['samples'] == len(tested['predictions']['annotations'])
    assert 'AP' in ' '.join(out['metrics'])
    assert 'PCK' in out['metrics']


def test_test__predictions_say_the_same(tested: dict) -> None:
    info, out = tested['predictions']['info'], tested['out']
    assert (info['boxes'], info['protocol']) == (out['boxes'], out['protocol'])
    assert tested['predictions']['provenance'] == out['provenance']


def test_test__beside_metrics_that_write_nothing_one_file_has_the_predictions() -> None:
    evaluator = SimpleNamespace(metrics=[object()], dataset_meta={'dataset_name': 'mouse'})
    metrics_file.write_predictions_into('folder', evaluator)
    writer = evaluator.metrics[1]
    assert (writer.out_dir, writer.dataset_meta) == ('folder', {'dataset_name': 'mouse'})


def test_test__several_metrics_that_write_get_a_folder_each() -> None:
    class Writer:
        out_dir = None

        def __init__(self, prefix: str) -> None:
            self.prefix = prefix

    one, other = Writer('a'), Writer('b')
    evaluator = SimpleNamespace(metrics=[one, object(), other], dataset_meta={})
    metrics_file.write_predictions_into('folder', evaluator)
    assert (one.out_dir, other.out_dir) == (str(Path('folder', 'a')), str(Path('folder', 'b')))


@pytest.fixture(scope='module')
def debug_data(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Overrides of the debug configs: data of a few frames, rendered once."""
    root = f'{tmp_path_factory.mktemp("debug")}/data/'
    changes = [f'{split}_dataloader.dataset.data_root={root}' for split in ('train', 'val', 'test')]
    return [*changes, f'val_evaluator.ann_file={root}annotations/posetrack18_val.json']


def test_train__more_in_a_batch_than_there_are_is_refused(
    debug_data: list[str], tmp_path: Path
) -> None:
    changes = [*debug_data, 'train_dataloader.batch_size=1000', 'log_level=ERROR']
    cfg = configs.load_config('dcpose_debug.py', changes, str(tmp_path))
    with pytest.raises(configs.UsageError, match=r'batch_size: .*number of samples, \d+, .*1000'):
        api.train(cfg)


def test_train__two_in_one_process_write_into_their_own_folders(
    debug_data: list[str], tmp_path: Path
) -> None:
    for name in ('first', 'second'):
        changes = [*debug_data, 'log_level=ERROR', 'default_hooks.logger.interval=1']
        changes += ['train_cfg.max_iters=1']
        cfg = configs.load_config('dcpose_debug.py', changes, str(tmp_path / name))
        api.train(api.prepare_training(cfg, validate=False), 'cpu')
        (scalars,) = (tmp_path / name).glob('*/vis_data/scalars.json')
        assert len(scalars.read_text().splitlines()) == 1
    assert len(list((tmp_path / 'first').glob('*/vis_data/scalars.json'))) == 1


def test_train__guards_stand_whatever_hooks_a_config_has(
    debug_data: list[str], tmp_path: Path
) -> None:
    cfg = configs.load_config('dcpose_debug.py', [*debug_data, 'log_level=ERROR'], str(tmp_path))
    cfg.custom_hooks, cfg.allow_random_frozen = [], False
    with pytest.raises(configs.UsageError, match='frozen backbone'):
        api.train(cfg)
    assert api.prepare_training(cfg, allow_random_frozen=True).allow_random_frozen is True


def test_train__a_term_that_is_not_finite_ends_with_iteration_and_term(
    debug_data: list[str], tmp_path: Path
) -> None:
    from jmpose_mm.errors import NotFiniteError

    changes = [*debug_data, 'log_level=ERROR', 'optim_wrapper.optimizer.lr=1e30', 'val_cfg=None']
    cfg = configs.load_config('jm-pose_debug.py', changes, str(tmp_path))
    cfg.val_dataloader = cfg.val_evaluator = None
    cfg.work_dir = str(tmp_path / 'jm')
    with pytest.raises(NotFiniteError, match=r'^iteration [23]: .*loss_'):
        api.train(cfg)
    assert not list(tmp_path.rglob('iter_*.pth'))


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (dict(type='jmpose_mm.JointMotionNek'), 'JointMotionNek is not in the'),
        (dict(surprise=1), "unexpected keyword argument 'surprise'"),
    ],
    ids=['type', 'argument'],
)
def test_config_errors__name_the_config_and_the_part(change: dict, said: str) -> None:
    from mmengine.registry import init_default_scope

    from jmpose_mm.registry import MODELS

    cfg = configs.load_config('jm-pose_debug.py')
    cfg.model.neck.update(change)
    init_default_scope('mmpose')
    with pytest.raises(UsageError, match=said) as error, configs.config_errors(cfg):
        MODELS.build(cfg.model)
    assert str(error.value).startswith('config jm-pose_debug.py: ')
    assert '/' not in str(error.value)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ('optim_wrapper.optimizer.lr=abc', "cannot be built, TypeError: '<=' not supported"),
        ('train_cfg.max_iters=2.5', 'cannot be built, AssertionError: `max_iters` should be'),
        ('randomness.seed=abc', 'cannot be built, TypeError: Cannot cast scalar'),
        ('log_level=LOUD', 'cannot be built, KeyError: LOUD'),
        ('model=None', 'config dcpose_debug.py: '),
    ],
)
def test_train__values_of_a_config_that_nothing_can_be_built_of_are_named(
    debug_data: list[str], tmp_path: Path, change: str, said: str
) -> None:
    cfg = configs.load_config('dcpose_debug.py', ['log_level=ERROR', change], str(tmp_path))
    with pytest.raises(UsageError, match=said):
        api.train(api.prepare_training(cfg, validate=False), 'cpu')


def test_config_errors__lets_other_errors_pass() -> None:
    with pytest.raises(KeyError, match='mine'), configs.config_errors(Config({})):
        raise KeyError('mine')


@pytest.mark.parametrize('text', ['model = dict(\n', '_base_ = "gone.py"\n'])
def test_load_config__names_a_file_that_is_no_config(tmp_path: Path, text: str) -> None:
    (tmp_path / 'broken.py').write_text(text, encoding='utf-8')
    with pytest.raises((UsageError, FileNotFoundError), match=r'broken\.py|gone\.py'):
        configs.load_config(str(tmp_path / 'broken.py'))


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
def test_check_launcher__names_what_its_environment_lacks(
    launcher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(('RANK', 'SLURM', 'OMPI'))]:
        monkeypatch.delenv(name)
    with pytest.raises(UsageError, match=f'launcher: {launcher} was not used'):
        check_launcher(launcher)
