"""Strengths and weaknesses of a run: tables, charts, and the frames worth looking at."""

from .analysis_page import analyze_results
from .training_logs import analyze_logs

__all__ = ['analyze_logs', 'analyze_results']
