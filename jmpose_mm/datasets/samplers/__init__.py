"""Orders of samples."""

from jmpose_mm.datasets.samplers.frame_group_sampler import FrameGroupSampler
from jmpose_mm.datasets.samplers.run_batch_sampler import RunBatchSampler

__all__ = ['FrameGroupSampler', 'RunBatchSampler']
