"""Logs of trainings: losses of the iterations, metrics of the validations."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jmpose_mm.errors import UsageError, listed
from jmpose_mm.formats.frame_names import distinct_ends
from jmpose_mm.visualization.curves import Curve, save_curves
from jmpose_mm.whole_files import check_output

__all__ = ['TrainingLog', 'analyze_logs', 'read_training_log']

PICTURES = ('.png', '.jpg', '.jpeg', '.pdf', '.svg', '.webp', '.tif', '.tiff', '.eps')
_NO_METRIC = ('step', 'data_time', 'time')
_NO_LOSS = (*_NO_METRIC, 'epoch', 'iter', 'memory', 'lr', 'base_lr', 'momentum')


class TrainingLog(NamedTuple):
    """One training, each record a mapping of names to numbers with its ``step``.

    Attributes:
        training: Records while it trained; the step is the iteration.
        validation: Records of its validations; the step is an epoch, or an iteration where the
            training counts these.
    """

    training: list[dict[str, Any]]
    validation: list[dict[str, Any]]

    @property
    def keys(self) -> list[str]:
        """Names of what can be drawn: terms of the loss, metrics, then the rest."""
        trained = _names(self.training, _NO_LOSS)
        validated = _names(self.validation, _NO_METRIC)
        others = _names(self.training, ('step', 'epoch', 'iter', *trained))
        return list(dict.fromkeys((*trained, *validated, *others)))

    def curve(self, key: str) -> Curve:
        """The points of a name, in the order of their steps."""
        in_training = any(key in record for record in self.training)
        records = self.training if in_training else self.validation
        points = [(r['step'], r[key]) for r in records if isinstance(r.get(key), int | float)]
        by_epoch = not in_training and any('epoch' in record for record in self.training)
        return Curve('epoch' if by_epoch else 'iteration', points)


def _names(records: Iterable[dict[str, Any]], without: Sequence[str]) -> list[str]:
    names = {
        name: None
        for record in records
        for name, value in record.items()
        if name not in without and isinstance(value, int | float)
    }
    return list(names)


def read_training_log(place: str | Path) -> TrainingLog:
    """Read the scalars that mmengine wrote.

    Where a work directory has several, as after ``--resume``, a later one replaces what an earlier
    one says of the same steps and beyond. A last line that a killed run left half is left out.

    Args:
        place: A work directory, or a file of scalars, one JSON object a line.

    Raises:
        UsageError: There are none, or a line is something else.
    """
    place = Path(place)
    name = 'vis_data/scalars.json'
    files = [place] if place.is_file() else sorted([*place.glob(name), *place.glob(f'*/{name}')])
    log = TrainingLog([], [])
    for file in files:
        records = _read(file)
        for kept, new in zip(log, _divide(records), strict=True):
            first = new[0]['step'] if new else math.inf
            # A resumed training repeats the steps since its checkpoint: its own records count.
            kept[:] = [*(record for record in kept if record['step'] < first), *new]
    if not log.training:
        # Of several trainings, what one says would replace what another one does.
        inside = sorted({str(file.parents[2]) for file in place.glob(f'**/{name}')} - {str(place)})
        if inside and not files:
            raise UsageError(
                f'{place}: expected the work directory of one training, found those of '
                f'{listed(inside)}; name one of them, or several beside each other'
            )
        found = listed(map(str, files)) or f'no {name}'
        raise UsageError(
            f'{place}: expected the work directory of a training, or its scalars.json, got {found} '
            'without a logged iteration'
        )
    return log


def _divide(records: list[dict[str, Any]]) -> TrainingLog:
    """mmengine logs the iteration, besides the step, of a training alone."""
    return TrainingLog(
        [record for record in records if 'iter' in record],
        [record for record in records if 'iter' not in record],
    )


def _read(file: Path) -> list[dict[str, Any]]:
    lines = file.read_text(encoding='utf-8', errors='replace').splitlines()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            # A killed run may have left half of its last line.
            if number == len(lines):
                break
            raise UsageError(f'{file}: line {number}: expected a JSON object') from error
        if not isinstance(record, dict) or not isinstance(record.get('step'), int):
            raise UsageError(f'{file}: line {number}: expected an object with a whole step')
        records.append(record)
    return records


def analyze_logs(
    work_dirs: str | Path | Sequence[str | Path],
    out: str | Path = 'curves.png',
    keys: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[tuple[str, ...]]:
    """Draw the curves of trainings above each other, and sum each of them up.

    Args:
        work_dirs: Work directories, or files of scalars, or one of them.
        out: Picture to write.
        keys: Names of the numbers to draw, or their ends behind a ``/``; by default each term of
            the loss and AP.
        names: Names of the trainings; by default those of their folders.

    Returns:
        A header, and for each training its iterations, seconds for one, last loss and best AP.

    Raises:
        UsageError: A training has no log, or nothing of it has such a name.
    """
    given = [work_dirs] if isinstance(work_dirs, str | Path) else work_dirs
    places = [Path(place) for place in given]
    check_output(out, [place for place in places if place.is_file()])
    if Path(out).suffix.lower() not in PICTURES:
        raise UsageError(f'out: expected a name that ends in {", ".join(PICTURES)}, got {out}')
    titles = list(names or _titles(places))
    if len(titles) != len(places) or len(set(titles)) < len(titles):
        raise UsageError(f'names: expected {len(places)} different ones, got {titles}')
    logs = dict(zip(titles, map(read_training_log, places), strict=True))
    known = list(dict.fromkeys(key for log in logs.values() for key in log.keys))
    chosen = [_key(known, key) for key in keys] or [key for key in known if _by_default(key)]
    save_curves(
        out, {key: {title: log.curve(key) for title, log in logs.items()} for key in chosen}
    )
    header = ('training', 'iterations', 's/iteration', 'loss', 'best AP', 'at')
    return [header, *(_summary(title, log) for title, log in logs.items())]


def _titles(places: list[Path]) -> list[str]:
    """The shortest ends of paths that differ."""
    ends = distinct_ends(str(place.absolute()) for place in places)
    return ['/'.join(ends[str(place.absolute())]) for place in places]


def _by_default(key: str) -> bool:
    return key.startswith('loss') or _is_ap(key)


def _is_ap(key: str) -> bool:
    return key.rpartition('/')[2] == 'AP'


def _key(known: list[str], wanted: str) -> str:
    found = [key for key in known if wanted in (key, key.rpartition('/')[2])]
    if len(found) != 1:
        raise UsageError(f'keys: expected one of {", ".join(known)}, got {wanted!r}')
    return found[0]


def _summary(title: str, log: TrainingLog) -> tuple[str, ...]:
    last = log.training[-1]
    seconds = [r['time'] for r in log.training if isinstance(r.get('time'), int | float)]
    mean = f'{sum(seconds) / len(seconds):.3g}' if seconds else '-'
    loss = f'{last["loss"]:.4g}' if isinstance(last.get('loss'), int | float) else '-'
    best, at = [], []
    aps = [key for key in log.keys if _is_ap(key)]
    for key in aps:
        # NaN is the AP of a validation without a person.
        points = [point for point in log.curve(key).points if math.isfinite(point[1])]
        if points:
            step, value = max(points, key=lambda point: point[1])
            best.append(f'{value:.2f}' + (f' ({key})' if len(aps) > 1 else ''))
            at.append(f'{log.curve(key).unit} {step}')
    return (title, str(last['step']), mean, loss, ', '.join(best) or '-', ', '.join(at) or '-')
