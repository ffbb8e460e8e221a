"""What is claimed, and by how much, written down before any run of the study.

A claim is that one run beats another on all test frames in ground-truth boxes. Every answer is
computed from the table (:mod:`experiments.study.answers`). *Yes* takes at least the claimed
difference, and a p below :data:`CHANCE` after Holm's correction for all claims of the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['CHANCE', 'CLAIMS', 'ORDER', 'Claim']

CHANCE = 0.05
"""Differences with a larger p count as chance."""

ORDER = {'single_frame': 46.4, 'dcpose': 48.7, 'fami_pose': 51.6, 'tdmi': 54.4, 'jm_pose': 56.1}
"""AP that JM-Pose's paper reports on its hard subset of PoseTrack, with ground-truth boxes."""


@dataclass(frozen=True)
class Claim:
    """That one run beats another.

    Attributes:
        text: The claim.
        better: Name of a run.
        worse: Name of another.
        least: AP by which it must, 0 for any.
    """

    text: str
    better: str
    worse: str
    least: float = 0.0

    @property
    def published(self) -> float | None:
        """Difference in AP that the paper reports for such data, if any."""
        if {self.better, self.worse} <= ORDER.keys():
            return round(ORDER[self.better] - ORDER[self.worse], 1)
        return None


CLAIMS: tuple[Claim, ...] = ()
