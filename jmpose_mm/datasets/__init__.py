"""Clip data sets and their transforms; importing this registers them."""

from . import body, samplers, transforms

__all__ = ['body', 'samplers', 'transforms']
