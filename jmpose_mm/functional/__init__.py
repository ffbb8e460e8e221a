"""Mathematics on tensors and arrays; imports nothing of OpenMMLab."""
