"""The package as a wheel (by way of its sdist) and editable: every mim command from elsewhere."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
LEFT_OUT = (
    '.git',
    '.venv',
    'work_dirs',
    'data',
    'build',
    'dist',
    '*.egg-info',
    '__pycache__',
    '.*_cache',
)
MIM = 'from mim.cli import cli; cli(prog_name="mim")'
METAFILE = """
Models:
  - Name: toy
    In Collection: toy
    Config: configs/toy/toy.py
    Metadata: {{Training Data: nothing}}
    Results: [{{Dataset: nothing, Task: Pose, Metrics: {{mAP: 12.5}}}}]
    Weights: {address}/toy-0123abcd.pth
  - Name: unpublished
    In Collection: toy
    Config: configs/toy/toy.py
    Metadata: {{Training Data: nothing}}
    Weights: not-published/
Collections:
  - Name: toy
    Metadata: {{Architecture: [Linear]}}
"""


@pytest.fixture(scope='session')
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local server with one file that stands in for published weights."""
    folder = tmp_path_factory.mktemp('served')
    (folder / 'toy-0123abcd.pth').write_bytes(b'weights')
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


@pytest.fixture(scope='session')
def source(tmp_path_factory: pytest.TempPathFactory, address: str) -> Path:
    """A copy of the repository with one more config, `toy.py`, that is in the model index."""
    copy = tmp_path_factory.mktemp('source') / 'repository'
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    toy = copy / 'configs' / 'toy'
    toy.mkdir()
    shutil.copy(HERE / 'toy_config.py', toy / 'toy.py')
    (toy / 'metafile.yml').write_text(METAFILE.format(address=address))
    with (copy / 'model-index.yml').open('a') as index:
        index.write('  - configs/toy/metafile.yml\n')
    return copy


def run(*command: object, cwd: Path, **variables: str) -> str:
    """The output of a command that must succeed."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, 'CUDA_VISIBLE_DEVICES': '', **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f'{command}\n{result.stdout}'
    return result.stdout


def pip(*arguments: object, cwd: Path) -> None:
    """Run this environment's pip without a package index."""
    run(sys.executable, '-m', 'pip', *arguments, cwd=cwd, PIP_NO_INDEX='1')


@pytest.fixture(scope='session')
def wheel(source: Path) -> Path:
    """The wheel built from the sdist."""
    code = 'import plugin_build; plugin_build.build_sdist("dist")'
    run(sys.executable, '-c', code, cwd=source, PYTHONPATH='build_backend')
    (sdist,) = (source / 'dist').glob('*.tar.gz')
    pip('wheel', '--no-deps', '--no-build-isolation', '-w', 'dist/from_sdist', sdist, cwd=source)
    return next((source / 'dist' / 'from_sdist').glob('*.whl'))


def environment(folder: Path) -> Path:
    """The Python of a new environment that borrows all packages of this one but the one tested."""
    venv.EnvBuilder(symlinks=os.name != 'nt').create(folder)
    python = folder / 'bin' / 'python'
    own = run(python, '-c', 'import site; print(site.getsitepackages()[0])', cwd=folder).strip()
    # the .pth files of a folder named in a .pth file are not read: editable installs stay behind
    borrowed = [path for path in sys.path if path.endswith(('site-packages', 'dist-packages'))]
    Path(own, 'borrowed.pth').write_text('\n'.join(borrowed) + '\n', encoding='utf-8')
    # setuptools stands in for distutils by such a file, and mmengine needs distutils
    for path in borrowed:
        for file in Path(path).glob('distutils-precedence.pth'):
            shutil.copy(file, own)
    return python


@pytest.fixture(scope='session', params=['wheel', 'editable'])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment where the package is installed one way or the other."""
    python = environment(tmp_path_factory.mktemp(request.param) / 'environment')
    options = ['--python', python, 'install', '--no-deps', '--ignore-installed']
    if request.param == 'wheel':
        target = [request.getfixturevalue('wheel')]
    else:
        target = ['--no-build-isolation', '--editable', request.getfixturevalue('source')]
    pip(*options, *target, cwd=python.parent)
    return python


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """An empty working directory; the toy parts are importable from another one."""
    (tmp_path / 'parts').mkdir()
    shutil.copy(HERE / 'toy_parts.py', tmp_path / 'parts')
    (tmp_path / 'elsewhere').mkdir()
    return tmp_path / 'elsewhere'


def mim(python: Path, elsewhere: Path, *arguments: object) -> str:
    """Run mim as installed for `python`."""
    return run(
        python, '-c', MIM, *arguments, cwd=elsewhere, PYTHONPATH=str(elsewhere.parent / 'parts')
    )


@contextmanager
def links_as_git_writes_them_on_windows(folder: Path) -> Iterator[None]:
    """Each link is a small file with the path in it."""
    targets = {link: link.readlink() for link in folder.iterdir()}
    for link, target in targets.items():
        link.unlink()
        link.write_text(target.as_posix())
    yield
    for link, target in targets.items():
        assert link.read_text() == target.as_posix(), 'the build leaves the tree as it was'
        link.unlink()
        link.symlink_to(target)


def test_wheel__is_the_same_from_the_tree_and_complete(source: Path, wheel: Path) -> None:
    with links_as_git_writes_them_on_windows(source / 'jmpose_mm' / '.mim'):
        pip('wheel', '--no-deps', '--no-build-isolation', '-w', 'dist/direct', '.', cwd=source)
    (direct,) = (source / 'dist' / 'direct').glob('*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names == set(zipfile.ZipFile(direct).namelist())
    expected = {
        f'jmpose_mm/.mim/{file.relative_to(source).as_posix()}'
        for folder in ('configs', 'tools')
        for file in (source / folder).rglob('*')
        if file.suffix in ('.py', '.yml', '.md', '.sh')
    }
    expected |= {'jmpose_mm/.mim/model-index.yml', 'jmpose_mm/.mim/dataset-index.yml'}
    expected |= {
        file.relative_to(source).as_posix()
        for file in (source / 'jmpose_mm').rglob('*.py')
        if '.mim' not in file.parts
    }
    assert expected <= names
    hook = {'jmpose_mm_start_hook.py', 'jmpose_mm_start_hook.pth'}
    assert {name.split('/')[0].split('-')[0] for name in names - hook} == {'jmpose_mm'}
    assert hook <= names


def test_sdist__holds_files_not_links(source: Path, wheel: Path) -> None:
    (sdist,) = (source / 'dist').glob('*.tar.gz')
    with tarfile.open(sdist) as archive:
        assert [member.name for member in archive if member.issym() or member.islnk()] == []
        assert any(member.name.endswith('tests/packaging/test_mim.py') for member in archive)


@pytest.mark.slow
def test_mim__train_test_gridsearch(python: Path, elsewhere: Path) -> None:
    mim(python, elsewhere, 'train', 'jmpose_mm', 'toy.py', '--gpus', 0, '--work-dir', 'run')
    checkpoint = elsewhere / 'run' / 'epoch_1.pth'
    assert checkpoint.is_file()

    # a config of the user's own, on top of a packaged one
    (elsewhere / 'mine.py').write_text("_base_ = ['jmpose_mm::toy/toy.py']\n")
    options = ['--work-dir', 'run', '--out', 'run/metrics.json']
    mim(python, elsewhere, 'test', 'jmpose_mm', 'mine.py', '--checkpoint', checkpoint, *options)
    written = json.loads((elsewhere / 'run' / 'metrics.json').read_text())
    assert written['provenance']['config']['name'] == 'mine.py'
    assert written['boxes'] == 'ground truth'
    assert isinstance(written['metrics']['toy/mean'], float)
    assert written['metrics']['toy/none'] is None

    search = '--optim_wrapper.optimizer.lr 0.1 0.01'
    options = ['--work-dir', 'grid', '--gpus', 0, '--search-args', search]
    mim(python, elsewhere, 'gridsearch', 'jmpose_mm', 'toy.py', *options)
    assert len(list(elsewhere.glob('grid_search_*/epoch_1.pth'))) == 2


def test_mim__search_run_download(python: Path, elsewhere: Path) -> None:
    found = mim(python, elsewhere, 'search', 'jmpose_mm', '--config', 'toy')
    assert '12.5' in found
    assert 'toy-0123abcd.pth' in found
    assert 'toy' in mim(python, elsewhere, 'search', 'jmpose_mm', '--condition', 'map>10')

    assert '--cfg-options' in mim(python, elsewhere, 'run', 'jmpose_mm', 'train', '--', '-h')

    mim(python, elsewhere, 'download', 'jmpose_mm', '--config', 'toy', '--dest', 'here')
    assert (elsewhere / 'here' / 'toy-0123abcd.pth').read_bytes() == b'weights'
    assert 'ToyModel' in (elsewhere / 'here' / 'toy.py').read_text()


def test_mim__a_model_without_weights_is_said_to_be_one(python: Path, elsewhere: Path) -> None:
    assert 'not-published/' in mim(python, elsewhere, 'search', 'jmpose_mm')
    mim(python, elsewhere, 'download', 'jmpose_mm', '--config', 'unpublished', '--dest', 'here')
    assert [file.name for file in (elsewhere / 'here').iterdir()] == ['unpublished.py']


def test_configs__inherit_from_both_packages(python: Path, elsewhere: Path) -> None:
    (elsewhere / 'mine.py').write_text("""
_base_ = ['mmpose::_base_/default_runtime.py']
model = dict(type='jmpose_mm.Anything')
""")
    (elsewhere / 'ours.py').write_text("_base_ = ['jmpose_mm::_base_/default_runtime.py']\n")
    # whatever is imported first: the start-up hook prepares the host
    code = """
from mmpose.apis import MMPoseInferencer
from mmengine.config import Config
import jmpose_mm
print(Config.fromfile('mine.py').default_scope, jmpose_mm.__file__)
print([hook['type'] for hook in Config.fromfile('ours.py').custom_hooks])
"""
    said = run(python, '-W', 'ignore', '-c', code, cwd=elsewhere)
    assert 'mmpose' in said
    assert 'jmpose_mm.PlainCheckpointHook' in said
    # neither from the repository that the tests run in, nor by accident from the working directory
    assert str(ROOT / 'jmpose_mm') not in said


@pytest.mark.slow
@pytest.mark.parametrize('python', ['wheel'], indirect=True)
def test_mim__trains_resumes_and_tests_the_debug_config(python: Path, elsewhere: Path) -> None:
    config = ['jmpose_mm', 'jm-pose_debug.py']
    common = ['--gpus', 0, '--work-dir', 'run']
    mim(python, elsewhere, 'train', *config, *common)
    longer = ['--resume', '--cfg-options', 'train_cfg.max_iters=4', 'val_cfg=None']
    longer += ['val_dataloader=None', 'val_evaluator=None']
    said = mim(python, elsewhere, 'train', *config, *common, *longer)
    assert 'resumed epoch: 0, iter: 3' in said
    checkpoint = elsewhere / 'run' / 'iter_4.pth'
    options = ['--checkpoint', checkpoint, '--work-dir', 'run', '--out', 'metrics.json']
    mim(python, elsewhere, 'test', *config, *options)
    written = json.loads((elsewhere / 'metrics.json').read_text())
    assert written['boxes'] == 'ground truth'
    assert 0 <= written['metrics']['posetrack/AP'] <= 100
