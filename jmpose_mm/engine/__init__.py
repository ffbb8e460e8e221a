"""Additions to the training engine."""
