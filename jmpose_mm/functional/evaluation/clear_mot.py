"""CLEAR MOT: what becomes of annotated and predicted tracks, frame after frame.

Axes: G annotated and H predicted tracks of one frame.

Bernardin and Stiefelhagen (2008), with the order of decisions of the py-motmetrics package 1.4. An
object stays with its last partner while that pair may match, however long ago it did (later
versions: only if it did in the frame before); the rest is assigned, as many pairs as possible at
the least total distance; an object whose partner is not its last one has switched.

Written here, since later versions of that package decide otherwise.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from jmpose_mm.functional.arrays import FloatArray, as_floats, as_indices

__all__ = ['TrackEvents']


class TrackEvents:
    """Events of one sequence.

    Attributes:
        sums: Totals of ``objects``, ``matches`` (a switch is one too), ``switches``, ``misses``,
            ``false`` positives; ``matched distance`` over the matches; ``listed distance`` over all
            rows of the package's table of events: pairs that may match, matches, changes of
            identity.

    Example:
        >>> import numpy as np
        >>> events = TrackEvents()
        >>> events.add(np.array([1, 2]), np.array([7]), np.array([[0.1], [np.nan]]))
        >>> events.add(np.array([1]), np.array([8]), np.array([[0.2]]))
        >>> events.sums['matches'], events.sums['misses'], events.sums['switches']
        (2.0, 1.0, 1.0)
    """

    def __init__(self) -> None:
        self.sums: defaultdict[str, float] = defaultdict(float)
        self._partner: dict[int, int] = {}  # the last hypothesis of each object
        self._owner: dict[int, int] = {}  # the object that each hypothesis was last assigned to
        self._known: set[int] = set()  # hypotheses with a match so far

    def add(self, objects: ArrayLike, hypotheses: ArrayLike, distances: ArrayLike) -> None:
        """Add the next frame.

        Args:
            objects: (G,) annotated tracks.
            hypotheses: (H,) predicted tracks.
            distances: (G, H), NaN where a pair must not match.
        """
        objects, hypotheses = (
            as_indices('objects', objects),
            as_indices('hypotheses', hypotheses),
        )
        distances = as_floats('distances', distances, 'G H')
        matches = self._continued(objects.tolist(), hypotheses.tolist(), distances)
        # Who is matched already is out of the assignment, however near somebody else is.
        free = distances.copy()
        for g, h in matches:
            free[g, :] = free[:, h] = np.nan
        assigned = _assign(free)
        for g, h in assigned:
            self._begin(int(objects[g]), int(hypotheses[h]), float(distances[g, h]))
        matches += assigned
        matched = sum(float(distances[pair]) for pair in matches)
        self._known |= {int(hypotheses[h]) for _, h in matches}
        self.sums['objects'] += len(objects)
        self.sums['matches'] += len(matches)
        self.sums['misses'] += len(objects) - len(matches)
        self.sums['false'] += len(hypotheses) - len(matches)
        self.sums['matched distance'] += matched
        # The package lists every pair that may match and each match again, and sums the whole
        # column.
        self.sums['listed distance'] += matched + float(np.nansum(distances))

    def _continued(
        self, objects: list[int], hypotheses: list[int], distances: FloatArray
    ) -> list[tuple[int, int]]:
        """Objects with their last partner, in the order of the objects."""
        pairs: list[tuple[int, int]] = []
        for g, identity in enumerate(objects):
            partner = self._partner.get(identity)
            if partner is not None and partner in hypotheses:
                h = hypotheses.index(partner)
                if np.isfinite(distances[g, h]) and h not in (taken for _, taken in pairs):
                    pairs.append((g, h))
        return pairs

    def _begin(self, identity: int, hypothesis: int, distance: float) -> None:
        """Note a newly assigned pair and what changes by it."""
        changes = 0
        if self._partner.get(identity, hypothesis) != hypothesis:
            self.sums['switches'] += 1
            changes += hypothesis not in self._known
        if self._owner.get(hypothesis, identity) != identity:
            changes += 1 + (identity not in self._partner)
        self._partner[identity], self._owner[hypothesis] = hypothesis, identity
        self.sums['listed distance'] += changes * distance


def _assign(distances: FloatArray) -> list[tuple[int, int]]:
    """As many pairs with a distance (G, H) as possible, at the least sum."""
    allowed = np.isfinite(distances)
    if not allowed.any():
        return []
    # Dearer than all allowed pairs together: as many as possible are made first.
    dear = 2 * min(distances.shape) * (float(distances[allowed].max()) + 1)
    rows, columns = linear_sum_assignment(np.where(allowed, distances, dear))
    return [(int(g), int(h)) for g, h in zip(rows, columns, strict=True) if allowed[g, h]]
