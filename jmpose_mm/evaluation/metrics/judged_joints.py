"""Distances of predicted joints, and what is read off them for some persons or one joint."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jmpose_mm.functional.arrays import BoolArray, FloatArray
from jmpose_mm.functional.evaluation.pck import joint_pck

__all__ = ['JudgedJoints', 'finite_or_none', 'known_mean']


class JudgedJoints(NamedTuple):
    """Distances of T persons' K joints.

    Attributes:
        present: (T, K) whether a joint is annotated.
        pixels: (T, K) NaN where nobody was found.
        relative: (T, K) in lengths of the body; NaN where one of both is unknown.
        sized: (T,) whether the length of the body is known.
        comparison: ``'<='`` where a distance of exactly the threshold is right, else ``'<'``.
    """

    present: BoolArray
    pixels: FloatArray
    relative: FloatArray
    sized: BoolArray
    comparison: str

    def pck(self, persons: BoolArray, threshold: float, joint: int | None = None) -> float:
        """Of some persons, over all annotated joints alike, or of one; NaN without any."""
        rows = persons & self.sized
        # Nobody was found: further away than every threshold, that is wrong.
        distances = np.where(np.isnan(self.relative[rows]), np.inf, self.relative[rows])
        present = self.present[rows]
        if joint is not None:
            distances, present = distances[:, [joint]], present[:, [joint]]
        # The function counts each column apart: in one column all joints count alike.
        flat = distances.reshape(-1, 1), present.reshape(-1, 1)
        return float(joint_pck(*flat, threshold, self.comparison)[0])

    def error(self, persons: BoolArray, joint: int | None = None) -> float:
        """Mean distance in pixels."""
        pixels, present = self.pixels[persons], self.present[persons]
        if joint is not None:
            pixels, present = pixels[:, joint], present[:, joint]
        return known_mean(pixels[present])

    def row(self, persons: BoolArray, threshold: float, joint: int | None = None) -> dict[str, Any]:
        """Count, PCK and error, as tables and files have them."""
        present = self.present[persons] if joint is None else self.present[persons][:, joint]
        return {
            'joints': int(present.sum()),
            f'PCK@{threshold:g}': self.pck(persons, threshold, joint),
            'error_px': self.error(persons, joint),
        }


def known_mean(values: FloatArray) -> float:
    """The mean of the finite values; NaN without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float('nan')


def finite_or_none(value: Any) -> Any:
    """The same tree, for JSON: None in the place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite_or_none(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value
