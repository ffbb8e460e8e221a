"""Timings side by side: one module for each subcommand of ``experiments/benchmark.py``.

Such a module has ``measure(quick: bool) -> list[Comparison]``.
"""
