"""Loss terms, on tensors only."""

from jmpose_mm.models.losses.mutual_information_loss import MutualInformationLoss

__all__ = ['MutualInformationLoss']
