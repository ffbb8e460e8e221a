"""Clip data sets; mmpose picks the person detector by this folder name."""
