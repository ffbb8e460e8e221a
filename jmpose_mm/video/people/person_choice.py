"""Choice of the persons whose poses are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.video.records import FramePoses

if TYPE_CHECKING:
    from jmpose_mm.video.people.identified_boxes import PersonBoxes

__all__ = ['PersonChoice', 'SteadyChoice']


class PersonChoice(NamedTuple):
    """A choice of persons.

    Attributes:
        most: Number of persons in a frame at most; None for all. Those who were chosen in most
            frames so far come first, then the larger ones.
        ids: Identities that are wanted alone; None for all.
        least_score: Detections with a lower score are left out; None for what is usual.
    """

    most: int | None = None
    ids: frozenset[int] | None = None
    least_score: float | None = None

    @classmethod
    def parse(
        cls, most: int | None, ids: Collection[int] | None, least_score: float | None
    ) -> PersonChoice:
        """Check what a user wants.

        Raises:
            UsageError: It makes no sense.
        """
        if most is not None and most < 1:
            raise UsageError(f'max_persons: expected at least 1, got {most}')
        if least_score is not None and not 0 <= least_score <= 1:
            raise UsageError(f'min_score: expected a number from 0 to 1, got {least_score}')
        if ids is not None and min(ids, default=0) < 1:
            raise UsageError(f'keep_ids: expected identities, from 1 on, got {sorted(ids)}')
        return cls(most, None if ids is None else frozenset(ids), least_score)

    @property
    def is_everybody(self) -> bool:
        """Whether all persons that have an identity are wanted."""
        return self.most is None and self.ids is None

    def __str__(self) -> str:
        parts = ['all' if self.most is None else f'{self.most} at most']
        parts += [] if self.ids is None else [f'ids {", ".join(map(str, sorted(self.ids)))}']
        parts += [] if self.least_score is None else [f'score >= {self.least_score:g}']
        return ', '.join(parts)


class SteadyChoice:
    """Applies a choice to the frames of one film, so that the chosen ones do not change at whim."""

    def __init__(self, choice: PersonChoice) -> None:
        self.choice = choice
        self._frames: Counter[int] = Counter()
        self._seen: set[int] = set()

    def of(self, persons: PersonBoxes) -> PersonBoxes:
        """The persons of a frame who are wanted."""
        if self.choice.is_everybody:
            return persons
        if self.choice.ids is not None:
            self._seen |= persons.keys()
            persons = {n: box for n, box in persons.items() if n in self.choice.ids}
        # Who was chosen longest stays; the larger box decides at the beginning.
        order = sorted(persons, key=lambda n: (-self._frames[n], -_area(persons[n][0]), n))
        chosen = set(order[: self.choice.most])
        self._frames.update(chosen)
        return {n: box for n, box in persons.items() if n in chosen}

    def of_poses(self, poses: FramePoses) -> FramePoses:
        """The same of poses."""
        chosen = self.of({p.id: (p.box, p.box_score) for p in poses.persons})
        return poses._replace(persons=tuple(p for p in poses.persons if p.id in chosen))

    def lines(self) -> list[str]:
        """A line where wanted identities were nowhere."""
        missing = sorted((self.choice.ids or set()) - self._seen)
        if not missing:
            return []
        found = ', '.join(map(str, sorted(self._seen)[:20])) or 'none'
        return [f'keep_ids: nobody has {", ".join(map(str, missing))}; identities are {found}']


def _area(box: np.ndarray) -> float:
    return float(np.prod(box[2:] - box[:2]))
