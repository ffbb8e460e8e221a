"""Hooks of the training loop."""

from .plain_checkpoint_hook import PlainCheckpointHook
from .provenance_hook import ProvenanceHook

__all__ = ['PlainCheckpointHook', 'ProvenanceHook']
