"""Normalisation of clips."""
