"""The command as a newcomer calls it, with weights from a server on this machine."""

from __future__ import annotations

import hashlib
import runpy
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from jmpose_mm import host
from jmpose_mm.engine import model_zoo
from jmpose_mm.engine.configs import load_config
from jmpose_mm.errors import UsageError
from jmpose_mm.registry import MODELS
from jmpose_mm.video import chosen_model as choosing
from jmpose_mm.video.chosen_model import chosen_model, default_model, inputs_and_model, with_weights
from jmpose_mm.video.command import run_command
from jmpose_mm.video.files.recordings import read_poses
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.people import named_detectors
from jmpose_mm.video.people.named_detectors import PublishedDetector

ROOT = Path(__file__).resolve().parents[2]
PARSER = runpy.run_path(str(ROOT / 'tools' / 'infer_video.py'))['make_parser']
SMALL = 'single-frame_resnet18_1xb16_synthetic-128x96'


def run(*arguments: object) -> list[str]:
    """Do what a command line asks for, in this process; the problems."""
    options = vars(PARSER().parse_args([str(argument) for argument in arguments]))
    for name in ('list_models', 'debug'):
        del options[name]
    return run_command(**options)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path / 'hub'))
    return tmp_path


def stand_in(cfg: Config, folder: Path, name: str) -> str:
    """Random weights of a config in a file that says its own digest; the file's name."""
    init_default_scope('mmpose')
    torch.manual_seed(0)
    weights = MODELS.build(cfg.model).state_dict()
    folder.mkdir(exist_ok=True)
    meta = {'dataset_meta': {'classes': ('person',)}}
    torch.save({'state_dict': weights, 'meta': meta}, folder / 'x.pth')
    digest = hashlib.sha256((folder / 'x.pth').read_bytes()).hexdigest()[:8]
    published = f'{name}-{digest}_20230504.pth'
    (folder / 'x.pth').rename(folder / published)
    return published


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    """The address of a server of the folder `served`."""

    class Door(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    (folder / 'served').mkdir()
    door = partial(Door, directory=str(folder / 'served'))
    with ThreadingHTTPServer(('127.0.0.1', 0), door) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_command__a_film_and_nothing_else(
    make_video: Callable[..., Path],
    folder: Path,
    served: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make_video('walk.mp4', count=4)
    pose = model_zoo.published_model('rtmpose-t')
    weights = stand_in(load_config(pose.config), folder / 'served', 'rtmpose')
    monkeypatch.setattr(
        model_zoo, 'published_models', lambda: (pose._replace(weights=f'{served}/{weights}'),)
    )
    monkeypatch.setattr(choosing, 'ON_PROCESSORS', 'rtmpose-t')
    config = named_detectors.detector_config('rtmdet-nano')
    detector = stand_in(Config.fromfile(config), folder / 'served', 'rtmdet')
    found = PublishedDetector(Path(config).name, f'{served}/{detector}')
    monkeypatch.setitem(named_detectors.DETECTORS, 'rtmdet-nano', found)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        host.install()
        # a detector of random weights finds a hundred people
        assert run('walk.mp4', '--device', 'cpu', '--max-persons', '1') == []
    assert [str(warning.message) for warning in warned] == []
    out = folder / 'poses' / 'walk'
    assert {'film.mp4', 'poses.json'} <= {file.name for file in out.iterdir()}
    assert len(read_poses(out / 'poses.json')) == 4
    assert read_poses(out / 'poses.json').header.protocol['checkpoint'] == weights
    shown = capfd.readouterr().err
    assert [weights in shown, detector in shown, '100%' in shown] == [True] * 3
    assert 'poses: rtmpose-t' in shown
    assert 'walk.mp4: the first frame is on its way' in shown
    assert {file.name for file in (folder / 'hub' / 'checkpoints').iterdir()} == {weights, detector}


def test_command__says_what_to_download_where(
    make_video: Callable[..., Path], folder: Path
) -> None:
    make_video('walk.mp4')
    address = 'http://127.0.0.1:9/rtm-01234567_20230504.pth'
    (folder / 'mine.py').write_text(f"_base_ = 'jmpose_mm::single_frame/{SMALL}.py'\n")
    with (folder / 'mine.py').open('a') as config:
        config.write(f'load_from = {address!r}\n')
    with pytest.raises(UsageError) as error:
        run('walk.mp4', 'mine.py', '--weights-dir', folder / 'weights', '--detector', 'hog')
    assert (
        f'Download rtm-01234567_20230504.pth where you can, put it into {folder / "weights"}'
        in (str(error.value))
    )
    assert not (folder / 'poses').exists()


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ('--quality -3', r'quality: expected 0 \(best\) to 51 for h264, got -3'),
        ('--trail -3', 'trail: expected a number of frames, or 0 for none, got -3'),
        ('--det-every 0', 'detect_every: expected at least 1'),
        ('--fps 50', 'fps: expected none for walk.mp4, which says its times, got 50'),
        ('--layer motion --no-video', r'layer: expected a film to be written, got none'),
    ],
)
def test_command__refuses_before_it_begins(
    make_video: Callable[..., Path], folder: Path, options: str, said: str
) -> None:
    make_video('walk.mp4')
    weights = stand_in(load_config(SMALL), folder, 'small')
    with pytest.raises(UsageError, match=said):
        run('walk.mp4', SMALL, weights, '--detector', 'whole', *options.split())
    assert not (folder / 'poses' / 'walk' / 'poses.json').exists()


def test_command__says_that_boxes_of_one_video_go_to_several_films(
    make_video: Callable[..., Path], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_video('a.mp4', count=2)
    make_video('b.mp4', count=2)
    weights = stand_in(load_config(SMALL), folder, 'small')
    (folder / 'boxes.txt').write_text('1,1,5,5,20,30,0.9\n2,1,5,5,20,30,0.9\n')
    options = (SMALL, weights, '--boxes', 'boxes.txt', '--no-video', '--export', 'csv')
    said = 'boxes.txt has the boxes of one video, and 2 films get them'
    assert run('a.mp4', 'b.mp4', *options) == []
    assert said in capsys.readouterr().err
    assert run('a.mp4', *options, '--out-dir', 'one') == []
    assert 'boxes of one video' not in capsys.readouterr().err


@pytest.mark.parametrize('lacking', ['both', 'one'])
def test_command__names_all_files_that_are_missing_at_once(
    make_video: Callable[..., Path], folder: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    make_video('walk.mp4')
    monkeypatch.setattr('jmpose_mm.downloads.ATTEMPTS', 1)
    nowhere = 'http://127.0.0.1:9'
    pose = model_zoo.published_model('rtmpose-t')._replace(weights=f'{nowhere}/pose.pth')
    monkeypatch.setattr(model_zoo, 'published_models', lambda: (pose,))
    monkeypatch.setattr(choosing, 'ON_PROCESSORS', 'rtmpose-t')
    found = PublishedDetector('a.py', f'{nowhere}/people.pth')
    monkeypatch.setitem(named_detectors.DETECTORS, 'rtmdet-nano', found)
    kept = folder / 'hub' / 'checkpoints'
    if lacking == 'one':
        kept.mkdir(parents=True)
        (kept / 'people.pth').touch()
    expected = {
        'both': f'Download pose.pth and {nowhere}/people.pth where you can, put them into {kept} ',
        'one': f'Download pose.pth where you can, put it into {kept} ',
    }
    with pytest.raises(UsageError) as error:
        run('walk.mp4', '--device', 'cpu')
    assert expected[lacking] in str(error.value)
    with pytest.raises(UsageError) as error:
        VideoPoseInferencer('rtmpose-t', device='cpu')
    assert expected[lacking] in str(error.value)


def test_command__a_config_alone_takes_its_load_from(
    make_video: Callable[..., Path], folder: Path, served: str
) -> None:
    make_video('walk.mp4', count=3)
    weights = stand_in(load_config(SMALL), folder / 'served', 'small')
    (folder / 'mine.py').write_text(
        f"_base_ = 'jmpose_mm::single_frame/{SMALL}.py'\nload_from = '{served}/{weights}'\n"
    )
    kept = folder / 'kept'
    film = ('walk.mp4', 'mine.py', '--detector', 'whole', '--no-video', '--weights-dir', kept)
    assert run(*film) == []
    assert [file.name for file in kept.iterdir()] == [weights]
    assert len(next(iter(read_poses('poses/walk/poses.json'))).persons) == 1
    (folder / 'served' / weights).unlink()  # offline, with the file there
    assert run(*film, '--overwrite') == []


def test_command__a_start_of_training_is_no_model(
    make_video: Callable[..., Path], folder: Path
) -> None:
    make_video('walk.mp4')
    weights = stand_in(load_config(SMALL), folder, 'small')
    (folder / 'mine.py').write_text(
        f"_base_ = 'jmpose_mm::jm_pose/jm-pose_debug.py'\nload_from = {weights!r}\n"
    )
    with pytest.raises(UsageError, match=r'its load_from, small-.* is what training starts with'):
        run('walk.mp4', 'mine.py', '--detector', 'whole')


def test_inferencer__takes_the_weights_of_a_config(folder: Path) -> None:
    weights = stand_in(load_config(SMALL), folder, 'small')
    cfg = load_config(SMALL)
    with pytest.raises(UsageError, match='expected weights of a config without load_from'):
        VideoPoseInferencer(cfg, device='cpu', boxes='whole')
    cfg.load_from = weights
    wanted = torch.load(weights)['state_dict']['head.final_layer.weight']
    model = VideoPoseInferencer(cfg, device='cpu', boxes='whole').model.model
    assert torch.equal(model.state_dict()['head.final_layer.weight'], wanted)
    (folder / 'mine.py').write_text(
        f"_base_ = 'jmpose_mm::single_frame/{SMALL}.py'\nload_from = {weights!r}\n"
    )
    assert with_weights('mine.py') == ('mine.py', weights)


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ('a.mp4', (['a.mp4'], None, None)),
        ('a.mp4 b.mp4', (['a.mp4', 'b.mp4'], None, None)),
        (f'a.mp4 {SMALL}', (['a.mp4'], SMALL, None)),
        (f'a.mp4 b.mp4 {SMALL}.py w.pth', (['a.mp4', 'b.mp4'], f'{SMALL}.py', 'w.pth')),
        (f'a.mp4 {SMALL} latest', (['a.mp4'], SMALL, 'latest')),
        ('0 x/mine.py http://h/w.pth?k=1', (['0'], 'x/mine.py', 'http://h/w.pth?k=1')),
        ('- mmpose::a/b.py', (['-'], 'mmpose::a/b.py', None)),
        ('a.mp4 jm-pos w.pth', (['a.mp4'], 'jm-pos', 'w.pth')),  # refused as a config
    ],
)
def test_inputs_and_model__by_place(given: str, expected: tuple) -> None:
    assert inputs_and_model(given.split()) == expected


@pytest.mark.parametrize('given', ['a.mp4 w.pth mine.py', 'mine.py w.pth', 'w.pth'])
def test_inputs_and_model__refuses_another_order(given: str) -> None:
    with pytest.raises(UsageError, match='expected INPUT CONFIG CHECKPOINT in this order'):
        inputs_and_model(given.split())


def test_chosen_model__by_name_config_and_device() -> None:
    assert chosen_model('vitpose-s').config == 'vitpose-small_8xb64-210e_coco-256x192'
    assert chosen_model(config=SMALL, checkpoint='a.pth').weights == 'a.pth'
    published = chosen_model(config='posewarper_hrnet-w48_8xb8-20e_posetrack18-384x288')
    assert 'stage2' in published.weights
    assert not published.is_start
    assert chosen_model(device='cpu').name == 'rtmpose-m'
    assert default_model(torch.device('cuda')) == 'posewarper'
    with pytest.raises(UsageError, match='model: expected no CONFIG beside a name'):
        chosen_model('vitpose-s', SMALL)
    with pytest.raises(UsageError, match='names no weights'):
        chosen_model(config=SMALL)
    with pytest.raises(UsageError, match='input: expected a video'):
        run()
