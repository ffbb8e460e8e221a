from __future__ import annotations

import pytest
import torch

from experiments.benchmarks import deform
from jmpose_mm.models.layers.modulated_alignment import ModulatedAlignment

SMALL = deform.Shape('any', (2, 4, 6, 5), 2, 3)


def test_run__forward_with_and_without_gradients() -> None:
    both, forward = deform.measure(shapes=(SMALL,), runs=3)
    assert both.name == 'any, forward + backward'
    assert forward.name == 'any, forward'
    for comparison in (both, forward):
        assert len(comparison.reference_seconds) == len(comparison.our_seconds) == 3
        assert 'features 2x4x6x5, 2 groups, dilation 3' in comparison.note
        assert comparison.reference == "torchvision's operator"


def test_run__refuses_operators_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    original = deform.deform_operator

    def dishonest(name: str):
        operator = original(name)
        scale = 1.001 if name == 'native' else 1.0
        return lambda features, *others: operator(features * scale, *others)

    monkeypatch.setattr(deform, 'deform_operator', dishonest)
    with pytest.raises(RuntimeError, match='the operators differ by'):
        deform.measure(shapes=(SMALL,), runs=1)


@pytest.mark.parametrize('shape', deform.SHAPES)
def test_shapes__are_those_of_alignments(shape: deform.Shape) -> None:
    channels = shape.features[1]
    layer = ModulatedAlignment(channels, channels, shape.groups, dilation=shape.dilation)
    drawn = deform.random_inputs(shape)
    offset, modulation = layer.predict(torch.zeros(shape.features))
    assert [offset.shape, modulation.shape] == [drawn[1].shape, drawn[2].shape]
    assert [layer.weight.shape, layer.bias.shape] == [drawn[3].shape, drawn[4].shape]
