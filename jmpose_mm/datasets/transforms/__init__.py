"""Clip transforms."""
