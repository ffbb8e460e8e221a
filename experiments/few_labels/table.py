"""Rows of results as a table: AP in ground-truth and noisy boxes, and shares of the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

__all__ = ['results_table', 'share_of_ceiling']

COLUMNS = (('truth', 'all'), ('truth', 'degraded'), ('truth', 'not_degraded'))
COLUMNS += (('noisy', 'all'), ('noisy', 'degraded'), ('noisy', 'not_degraded'))
HEAD = ('', 'seeds', 'all', 'degraded', 'clean', 'noisy: all', 'noisy: degraded', 'noisy: clean')
HEAD += ('of the ceiling',)


def results_table(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table; a spread is a standard deviation over seeds, where there are several."""
    rows = [one for row in rows for one in (row, *_ensemble(row))]
    names = list(dict.fromkeys(row['name'] for row in rows))
    lines = [HEAD, ('---', *['---:'] * (len(HEAD) - 1))]
    for name in names:
        own = [row for row in rows if row['name'] == name]
        values = [_value([row['tested'][b]['ap'][k] for row in own]) for b, k in COLUMNS]
        shares = [s for s in (share_of_ceiling(row, rows) for row in own) if s is not None]
        share = f'{100 * mean(shares):.0f} %' if shares else ''
        lines.append((own[0]['title'], str(len(own)), *values, share))
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def share_of_ceiling(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> float | None:
    """What an arm gains over the teacher on degraded frames, by what true labels of all gain.

    Returns:
        The share, or None where the teacher, or the ceiling of this seed and as many passes, is not
        made yet.
    """
    same = {
        one['name']: one['tested']['truth']['ap']['degraded']
        for one in rows
        if one['seed'] == row['seed']
    }
    passes = row.get('passes', 1)
    name = 'ceiling' if passes == 1 else f'ceiling_{passes}'
    teacher, ceiling, own = (same.get(one) for one in ('teacher', name, row['name']))
    if row['name'] in ('teacher', name) or None in (teacher, ceiling, own):
        return None
    return (own - teacher) / (ceiling - teacher)


def _ensemble(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The row of the same student in the mean with the teacher, if it was tested."""
    if 'ensemble' not in row:
        return []
    names = {'name': f'{row["name"]}_ensemble', 'title': f'{row["title"]}, mean with the teacher'}
    return [{**row, **names, 'tested': row['ensemble']}]


def _value(found: Sequence[float | None]) -> str:
    values = [value for value in found if value is not None]
    if not values:
        return ''
    spread = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
    return f'{mean(values):.1f}{spread}'
