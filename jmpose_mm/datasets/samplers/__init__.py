"""Orders of samples."""

from jmpose_mm.datasets.samplers.frame_group_sampler import FrameGroupSampler

__all__ = ['FrameGroupSampler']
