"""Preparation of the host: what importing this package changes in mmcv and xtcocotools."""
