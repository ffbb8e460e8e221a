"""Means and spreads by hand; what is written is said once and for all."""

from __future__ import annotations

import pytest
from study_results import result, table_of

from experiments.study.scales import SCALES
from experiments.study.table import read_results, shared_seeds, spread, subset_means
from jmpose_mm.errors import UsageError


def test_shared_seeds__in_the_order_of_the_first():
    assert shared_seeds([{'seeds': [2, 0, 1]}, {'seeds': [0, 2, 3]}]) == [2, 0]
    assert shared_seeds([{'seeds': [0]}, {'seeds': [1]}]) == []
    assert shared_seeds([{'seeds': [0]}, None]) == []


def test_subset_means__over_the_seeds_asked_for():
    table = table_of(*(result('a', seed, 10.0 * seed, [1.0] * 6) for seed in range(3)))
    assert subset_means(table['runs']['a'], ['all', 'degraded'], [2, 0]).tolist() == [10, 10]


def test_spread__by_hand():
    assert spread([1.0, 3.0, None]) == {
        'mean': 2.0,
        'deviation': pytest.approx(2**0.5),
        'values': [1.0, 3.0, None],
    }
    assert spread([4.0])['deviation'] is None
    assert spread([None])['mean'] is None


def test_study_table__tells_where_code_changed():
    table = table_of(
        result('a', 0, 1.0, [1.0] * 6), result('a', 1, 1.0, [1.0] * 6, sources='other')
    )
    assert table['sources'] == ['abc', 'other']
    assert 'load before' not in table['versions']


def test_read_results__none(tmp_path):
    with pytest.raises(UsageError, match='expected results of runs, found none'):
        read_results(tmp_path, SCALES['cpu'])


def test_read_results__of_the_scale_in_the_order_of_the_plan(tmp_path):
    made = (('tdmi', 0), ('single_frame', 4), ('tdmi-copies', 0), ('single_frame', 0))
    for name, seed in made:
        text = f'{{"name": "{name}", "seed": {seed}}}'
        (tmp_path / f'{name}-seed{seed}.json').write_text(text)

    def found(scale: str) -> list[tuple[str, int]]:
        return [(r['name'], r['seed']) for r in read_results(tmp_path, SCALES[scale])]

    assert found('cpu') == [('single_frame', 0), ('tdmi', 0)]
    assert found('night') == [
        ('single_frame', 0),
        ('single_frame', 4),
        ('tdmi', 0),
        ('tdmi-copies', 0),
    ]
