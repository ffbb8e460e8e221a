"""Clip data sets and their transforms; importing this registers them."""

from . import body, transforms

__all__ = ['body', 'transforms']
