"""Checks the keys that a transform needs, and names the step that brings them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ['check_keys']


def check_keys(results: Mapping[str, Any], transform: object, **brought_by: str) -> None:
    """Raise ``ValueError`` unless a sample has some keys.

    Args:
        results: The sample.
        transform: Who asks.
        **brought_by: Key to what brings it, e.g. ``bbox_scale='GetBBoxCenterScale'``.

    Example:
        >>> check_keys({'img': []}, 'TopdownClipAffine', bbox_scale='GetBBoxCenterScale')
        Traceback (most recent call last):
        ValueError: TopdownClipAffine: expected bbox_scale in the sample, which GetBBoxCenterScale \
brings: put it before; got ['img']
    """
    for key, source in brought_by.items():
        if results.get(key) is None:
            name = transform if isinstance(transform, str) else type(transform).__name__
            raise ValueError(
                f'{name}: expected {key} in the sample, which {source} brings: put it before; '
                f'got {sorted(map(str, results))}'
            )
