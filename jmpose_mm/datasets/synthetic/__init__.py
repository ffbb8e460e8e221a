"""Rendered people in PoseTrack18 layout: articulated, textured, moving, degraded in short bursts.

`make_synthetic` writes a data set; `PRESETS` says what sorts there are.
"""

from __future__ import annotations

from .settings import DEGRADATIONS, PRESETS, Settings
from .writing import MANIFEST, make_synthetic

__all__ = ['DEGRADATIONS', 'MANIFEST', 'PRESETS', 'Settings', 'make_synthetic']
