"""Experiments on the package: the study and the benchmarks. Run from a clone; not in the wheel."""
