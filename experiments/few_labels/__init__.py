"""What teaches a multi-frame model most where nobody labelled the videos: arms, runs, table."""

from experiments.few_labels.all_arms import make_arms

__all__ = ['make_arms']
