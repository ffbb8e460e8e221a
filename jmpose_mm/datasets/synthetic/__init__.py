"""Rendered people in PoseTrack18 layout: articulated, textured, moving, degraded in short bursts.

`make_synthetic` writes a data set; `PRESETS` says what sorts there are.

Left and right are told apart by colour: left limbs are warm and striped, right ones cool and plain.
A mirrored picture contradicts that, so train **without horizontal flips** and evaluate without the
flip test; the ordinary recipes for real video keep both.
"""

from __future__ import annotations

from .contact_sheet import write_contact_sheet
from .settings import DEGRADATIONS, FACTORS, PRESETS, Settings
from .writing import MANIFEST, make_synthetic

__all__ = [
    'DEGRADATIONS',
    'FACTORS',
    'MANIFEST',
    'PRESETS',
    'Settings',
    'make_synthetic',
    'write_contact_sheet',
]
