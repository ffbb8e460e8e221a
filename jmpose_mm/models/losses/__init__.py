"""Loss terms, on tensors only."""
