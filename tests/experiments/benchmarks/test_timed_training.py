"""What the training benchmark times: batches, runs of windows, and both ways to lose."""

from __future__ import annotations

import pytest
import torch
from random_models import randomize
from torch import Tensor, nn

from experiments.benchmarks import train
from experiments.benchmarks.train import noise_batch, training_step, walking_run

CONFIG = 'tar_debug.py'


def test_noise_batch__has_the_shapes_of_a_set_and_is_equal_for_equal_sizes() -> None:
    inputs, samples = noise_batch(2, 5, (128, 96), 17)
    again, _ = noise_batch(2, 5, (128, 96), 17)
    assert inputs.shape == (2, 5, 3, 128, 96)
    assert torch.equal(inputs, again)
    assert not torch.equal(inputs[0], inputs[1])
    assert [sample.gt_fields.heatmaps.shape for sample in samples] == [(17, 32, 24)] * 2
    assert [sample.gt_instance_labels.keypoint_weights.shape for sample in samples] == [(1, 17)] * 2


@pytest.mark.parametrize(('windows', 'frames'), [(4, 5), (2, 3), (3, 1)])
def test_walking_run__shares_crops_and_moves_all_but_the_key_frames(
    windows: int, frames: int
) -> None:
    clips, _ = noise_batch(windows, frames, (32, 24), 17)
    run = walking_run(clips)
    assert len(run.images) == windows + frames - 1
    for window in range(windows):
        assert run.crop_index[window].tolist() == list(range(window, window + frames))
    key = frames // 2
    assert torch.equal(run.ratio[:, key], torch.ones(windows))
    assert not run.shift[:, key].any()
    others = [frame for frame in range(frames) if frame != key]
    assert (run.ratio[:, others] != 1).all()
    assert (run.shift[:, others] != 0).all()
    # One walk: what a crop is to a window depends on the frames between them alone.
    assert torch.equal(run.ratio, run.ratio[:1].expand(windows, -1))
    assert torch.equal(run.shift, run.shift[:1].expand(windows, -1, -1))


def test_training_step__changes_what_is_trained_and_starts_from_new_gradients() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    for parameter in model[0].parameters():
        parameter.requires_grad = False
    before = {name: value.clone() for name, value in model.state_dict().items()}
    inputs = torch.ones(4, 2)

    def losses() -> dict[str, Tensor]:
        loss = model(inputs).square().mean()
        return {'loss_kpt': loss, 'acc_pose': 1e6 * loss}  # an accuracy is not trained on

    step = training_step(model, losses)
    step()
    first = model[1].weight.grad.clone()
    expected = torch.autograd.grad(model(inputs).square().mean(), model[1].weight)[0]
    assert torch.allclose(first, expected, rtol=1e-3)
    changed = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {'1.weight', '1.bias'}
    step()
    assert torch.allclose(model[1].weight.grad, first, rtol=1e-3)


def gradient(model: nn.Module, losses: dict[str, Tensor]) -> Tensor:
    """Of everything that is trained: a mean loss of noise would hardly tell two inputs apart."""
    trained = [value for value in model.parameters() if value.requires_grad]
    parts = torch.autograd.grad(losses['loss_kpt'], trained, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def test_ways__train_alike_where_normalisation_has_the_same_mode() -> None:
    plain, ours, short = train._models(CONFIG)
    assert all(m.training for m in plain.backbone.modules() if isinstance(m, nn.BatchNorm2d))
    randomize(plain)
    for model in (plain, ours, short):
        model.load_state_dict(plain.state_dict())
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm2d, nn.Dropout)):
                module.eval()
    inputs, samples = noise_batch(1, plain.neck.num_frames, (128, 96), 17)
    expected = gradient(plain, train._plain_losses(plain, inputs, samples))
    mirrored = gradient(plain, train._plain_losses(plain, inputs.flip(-1), samples))

    def distance(found: Tensor) -> float:
        return ((found - expected).norm() / expected.norm()).item()

    assert distance(gradient(ours, ours.loss(inputs, samples))) < 1e-5
    assert distance(gradient(short, short.loss(inputs, samples))) < 1.5e-3 < distance(mirrored)


def test_alternately__calls_each_once_first_and_then_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []

    def seconds(step: object, processor: bool) -> float:
        assert processor
        step()
        return float(len(called))

    monkeypatch.setattr(train, 'measure_seconds', seconds)
    steps = [lambda: called.append('a'), lambda: called.append('b')]
    size = train.TrainingSize(clips=2, runs=3, configs=(), processor=True)
    assert train._alternately(steps, size) == [[3.0, 5.0, 7.0], [4.0, 6.0, 8.0]]
    assert called == ['a', 'b'] * 4
