"""Where a run is good and where it is not: tables, charts, and the frames worth looking at."""

from .report import analyze_results

__all__ = ['analyze_results']
