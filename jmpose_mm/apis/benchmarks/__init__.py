"""Side-by-side timings that ``tools/benchmark.py`` runs: one module for each of its subcommands.

Such a module has ``run(quick: bool) -> list[Comparison]``.
"""
