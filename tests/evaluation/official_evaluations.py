"""Where the official evaluator's numbers lie: hand-made cases here, real videos where at hand."""

from __future__ import annotations

from pathlib import Path

KEPT = Path(__file__).parent / 'fixtures'
# Two folders hold annotations that may not be passed on.
WHOLE = Path(__file__).resolve().parents[2].parent / 'shared' / 'fixtures' / 'poseval'
HAND_MADE = tuple(sorted(folder for folder in KEPT.iterdir() if folder.is_dir()))
PERTURBED, REAL = WHOLE / '02_mmpose_perturbed', WHOLE / '06_real2_dcpose_style'
AT_HAND = (*HAND_MADE, *(folder for folder in (PERTURBED, REAL) if folder.is_dir()))
