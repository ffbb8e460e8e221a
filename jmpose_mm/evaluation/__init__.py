"""Metrics: thin around the evaluators in `jmpose_mm.functional`."""
