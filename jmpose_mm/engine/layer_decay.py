"""Learning rates that fall from the last block of a vision transformer to the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from mmpose.engine.optim_wrappers import LayerDecayOptimWrapperConstructor
from torch import nn

from jmpose_mm.errors import UsageError
from jmpose_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS

__all__ = ['NestedLayerDecayConstructor']

_PLACES = ('backbone', 'backbone.backbone')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NestedLayerDecayConstructor(LayerDecayOptimWrapperConstructor):
    """mmpose's constructor, differing in where it finds the transformer: in DeconvBackbone too.

    ``paramwise_cfg`` needs ``layer_decay_rate`` alone: the number of blocks is the model's.

    Raises:
        UsageError: No transformer is there, or ``num_layers`` is not the number of its blocks.

    Example:
        >>> from jmpose_mm.models import VisionTransformer
        >>> model = nn.Module()
        >>> model.backbone = VisionTransformer((8, 2, 1), img_size=(32, 32))
        >>> settings = {'optimizer': {'type': 'AdamW', 'lr': 1.0, 'weight_decay': 0.1}}
        >>> construct = NestedLayerDecayConstructor(settings, {'layer_decay_rate': 0.5})
        >>> groups = construct(model).optimizer.param_groups
        >>> sorted({group['lr'] for group in groups})  # patches, first block, second, norm
        [0.125, 0.25, 0.5, 1.0]
    """

    def add_params(
        self, params: list[dict[str, Any]], module: nn.Module, *args: Any, **kwargs: Any
    ) -> None:
        """One group for each block and kind of parameter, added to ``params``.

        Args:
            params: The groups so far.
            module: The model.
            *args: The parent's.
            **kwargs: The parent's.
        """
        place, blocks = _transformer(module)
        settings: dict[str, Any] = dict(self.paramwise_cfg)
        given = settings.setdefault('num_layers', blocks)
        if given != blocks:
            raise UsageError(
                f'optim_wrapper.paramwise_cfg.num_layers: expected {blocks}, the number of blocks '
                f'of model.{place}, got {given}; leave it out and it is right'
            )
        # A copy: the caller's config stays as it was.
        self.paramwise_cfg: dict[str, Any] = settings
        with redirect_stdout(StringIO()):  # the parent prints its settings
            super().add_params(params, _Renamed(module, f'{place}.'), *args, **kwargs)


class _Renamed:
    """A model whose transformer's parameters are named as if it were the backbone itself."""

    def __init__(self, module: nn.Module, place: str) -> None:
        self.module, self.place = module, place

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for name, parameter in self.module.named_parameters():
            inside = name.startswith(self.place)
            yield f'backbone.{name.removeprefix(self.place)}' if inside else name, parameter


def _transformer(module: nn.Module) -> tuple[str, int]:
    """Where the transformer is, and the number of its blocks."""
    modules = dict(module.named_modules())
    for place in _PLACES:
        found = modules.get(place)
        layers = getattr(found, 'layers', None)
        if isinstance(layers, nn.ModuleList) and hasattr(found, 'pos_embed'):
            return place, len(layers)
    raise UsageError(
        f'optim_wrapper.constructor: expected a vision transformer at {" or ".join(_PLACES)}, '
        f'whose rates could fall by block, got {type(modules.get("backbone")).__name__}'
    )
