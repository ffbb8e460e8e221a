"""File formats of data sets and evaluation, each read once and written once; see docs/formats.md.

Importing this loads nothing of OpenMMLab.
"""
