"""Normalisation of clips."""

from jmpose_mm.models.data_preprocessors.clip_data_preprocessor import ClipDataPreprocessor

__all__ = ['ClipDataPreprocessor']
