"""Building blocks: plain modules on tensors, unknown to any registry."""
