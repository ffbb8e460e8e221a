"""What is drawn and summed up of a training is what its log says."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jmpose_mm.apis.analysis import analyze_logs
from jmpose_mm.apis.analysis.training_logs import read_training_log
from jmpose_mm.errors import UsageError
from jmpose_mm.visualization.curves import COLOURS, Curve, save_curves


def trained(step: int, loss: float, epoch: int | None = 1) -> dict:
    record = {'lr': 0.1, 'loss': loss, 'loss_kpt': loss / 2, 'time': 0.5, 'iter': step}
    return record | {'step': step} | ({} if epoch is None else {'epoch': epoch})


def validated(step: int, ap: float) -> dict:
    return {'posetrack/AP': ap, 'posetrack/Head': ap + 1, 'time': 0.1, 'step': step}


def write(folder: Path, name: str, *records: dict, end: str = '') -> Path:
    file = folder / name / 'vis_data' / 'scalars.json'
    file.parent.mkdir(parents=True)
    file.write_text(''.join(f'{json.dumps(record)}\n' for record in records) + end)
    return file


def test_log__is_divided_into_training_and_validation(tmp_path: Path) -> None:
    records = [trained(50, 0.4), trained(100, 0.2), validated(1, 30.0), validated(2, 25.0)]
    file = write(tmp_path, '20260101_000000', *records)
    for place in (tmp_path, file):
        log = read_training_log(place)
        assert log.keys == ['loss', 'loss_kpt', 'posetrack/AP', 'posetrack/Head', 'lr', 'time']
        assert log.curve('loss_kpt') == Curve('iteration', [(50, 0.2), (100, 0.1)])
        assert log.curve('posetrack/AP') == Curve('epoch', [(1, 30.0), (2, 25.0)])


def test_log__validations_of_a_training_by_iterations_are_at_iterations(tmp_path: Path) -> None:
    write(tmp_path, 'a', trained(3, 0.4, None), validated(3, 30.0))
    assert read_training_log(tmp_path).curve('posetrack/AP') == Curve('iteration', [(3, 30.0)])


def test_log__a_resumed_training_replaces_what_it_did_again(tmp_path: Path) -> None:
    first = [trained(50, 9.0), validated(1, 1.0), trained(100, 8.0, 2), trained(150, 7.0, 2)]
    write(tmp_path, '20260101_000000', *first, end='{"loss": 6.')  # killed while it wrote
    write(tmp_path, '20260102_000000', trained(100, 5.0, 2), validated(2, 2.0))
    log = read_training_log(tmp_path)
    assert log.curve('loss').points == [(50, 9.0), (100, 5.0)]
    assert log.curve('posetrack/AP').points == [(1, 1.0), (2, 2.0)]


def test_log__of_several_trainings_in_one_folder_is_refused(tmp_path: Path) -> None:
    for name in ('jm_pose', 'single_frame'):
        write(tmp_path / 'demo' / name, '20260101_000000', trained(50, 0.4), validated(1, 30.0))
    with pytest.raises(
        UsageError, match=r'of one training, found those of .*demo/jm_pose, .*single_frame'
    ):
        read_training_log(tmp_path / 'demo')


def test_summary__the_best_ap_is_a_number_and_says_which(tmp_path: Path) -> None:
    records = [trained(50, 0.4), validated(1, float('nan')), validated(2, 25.0)]
    write(tmp_path / 'one', 'a', *records)
    more = [validated(3, 20.0) | {'keypoints/AP': 30.0}]
    write(tmp_path / 'two', 'a', *records, *more)
    _, one, two = analyze_logs([tmp_path / 'one', tmp_path / 'two'], tmp_path / 'a.png')
    assert one[-2:] == ('25.00', 'epoch 2')
    assert two[-2:] == ('25.00 (posetrack/AP), 30.00 (keypoints/AP)', 'epoch 2, epoch 3')
    for name in ('curves', 'curves.json'):
        with pytest.raises(UsageError, match=r'out: expected a name that ends in \.png'):
            analyze_logs([tmp_path / 'one'], tmp_path / name)


@pytest.mark.parametrize(
    ('lines', 'said'),
    [
        ('', 'without a logged iteration'),
        ('{"step": 1, "AP": 3}\n', 'without a logged iteration'),
        ('{"loss"\n{"step": 1}\n', 'line 1: expected a JSON object'),
        ('[1]\n', 'line 1: expected an object with a whole step'),
    ],
)
def test_log__something_else_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    write(tmp_path, 'a', end=lines)
    with pytest.raises(UsageError, match=said):
        read_training_log(tmp_path)


def test_analyze_logs__sums_up_and_draws_what_is_asked(tmp_path: Path) -> None:
    write(tmp_path / 'x' / 'one', 'a', trained(50, 0.4), validated(1, 30.0), validated(2, 25.0))
    write(tmp_path / 'y' / 'one', 'a', trained(60, 0.3, None), trained(90, 0.1, None))
    runs = [tmp_path / 'x' / 'one', tmp_path / 'y' / 'one']
    out = tmp_path / 'out' / 'curves.png'
    assert analyze_logs(runs, out, keys=['AP', 'lr'])[1:] == [
        ('x/one', '50', '0.5', '0.4', '30.00', 'epoch 1'),
        ('y/one', '90', '0.5', '0.1', '-', '-'),
    ]
    assert out.stat().st_size > 0
    assert analyze_logs(str(runs[0]), out, keys=['AP'])[1][:2] == ('one', '50')
    assert analyze_logs(runs, out, names=['p', 'q'])[1][0] == 'p'
    with pytest.raises(UsageError, match=r'keys: expected one of loss, loss_kpt, .*, got .AR'):
        analyze_logs(runs, out, keys=['AR'])
    with pytest.raises(UsageError, match='names: expected 2 different ones'):
        analyze_logs(runs, out, names=['p', 'p'])
    scalars = runs[0] / 'a' / 'vis_data' / 'scalars.json'
    with pytest.raises(UsageError, match='is read by this command'):
        analyze_logs([scalars], scalars)


def test_curves__fall_and_rise_with_the_numbers(tmp_path: Path) -> None:
    steps = range(50)
    falling = Curve('iteration', [(step, 1 - step / 50) for step in steps])
    rising = Curve('iteration', [(step, step / 50) for step in steps])
    path = save_curves(tmp_path / 'c.png', {'loss': {'one': falling, 'two': rising}})
    picture = cv2.imread(str(path))[..., ::-1] / 255
    picture = picture[picture.shape[0] // 4 :]  # below the legend
    for colour, sign in zip(COLOURS, (1, -1), strict=False):
        rows, columns = np.nonzero((np.abs(picture - to_rgb(colour)) < 0.02).all(axis=-1))
        # rows are counted downwards
        assert np.corrcoef(rows, columns)[0, 1] * sign > 0.99
    with pytest.raises(ValueError, match='at least one number'):
        save_curves(tmp_path / 'd.png', {})
