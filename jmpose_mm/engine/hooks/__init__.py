"""Hooks of the training loop."""

from .durable_checkpoint_hook import DurableCheckpointHook
from .finite_loss_hook import FiniteLossHook
from .initial_weights_hook import InitialWeightsHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .provenance_hook import ProvenanceHook

__all__ = [
    'DurableCheckpointHook',
    'FiniteLossHook',
    'InitialWeightsHook',
    'PlainCheckpointHook',
    'ProvenanceHook',
]
