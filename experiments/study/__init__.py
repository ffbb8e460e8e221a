"""The controlled study: which method gains where, and what each of its components is worth."""

from experiments.study.study_run import run_study

__all__ = ['run_study']
