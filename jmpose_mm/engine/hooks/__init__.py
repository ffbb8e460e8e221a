"""Hooks of the training loop."""

from .finite_loss_hook import FiniteLossHook
from .initial_weights_hook import InitialWeightsHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .provenance_hook import ProvenanceHook

__all__ = ['FiniteLossHook', 'InitialWeightsHook', 'PlainCheckpointHook', 'ProvenanceHook']
