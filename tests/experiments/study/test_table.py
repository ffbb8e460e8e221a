"""Means, paired tests and verdicts by hand; what is written is said once and for all."""

from __future__ import annotations

import pytest

from experiments.study.claims import Claim, claim_rows, verdict
from experiments.study.evaluation import SUBSETS
from experiments.study.scales import Scale
from experiments.study.table import (
    common_seeds,
    compare,
    gain_by_quality,
    read_results,
    spread,
    study_table,
)
from jmpose_mm.errors import UsageError

VIDEOS = [f'video{i}' for i in range(6)]


def result(name: str, seed: int, ap: float, by_video: list[float | None], **fields) -> dict:
    """A result as `SeedRuns.make` gives it."""
    videos = dict(zip(VIDEOS, by_video, strict=True))
    tested = {
        'ap': dict.fromkeys(('all', *SUBSETS), ap),
        'videos': {'all': videos, 'degraded': videos},
        'frames': dict.fromkeys(('all', *SUBSETS), 20),
        'label': {'boxes': 'ground truth', 'protocol': 'no flip test'},
    }
    cost = {'trainable': 10, 'total': 20, 'gigaflops': 1.5, 'seconds_per_clip': 0.01, 'threads': 1}
    return {
        **{'name': name, 'title': name, 'group': 'method', 'of': '', 'copies': False},
        **{'seed': seed, 'trained': 'neck', 'config': 'x.py', 'changes': {}},
        **{'training': {'seconds': 3.0}, 'cost': cost, 'tested': {'truth': tested}},
        **{'device': 'CPU', 'versions': {'torch': '2', 'load before': 1.0}, 'sources': 'abc'},
        **fields,
    }


def table_of(*results: dict) -> dict:
    study = {
        'scale': Scale().to_dict(),
        'data_digest': 'd' * 64,
        'counts': {s: {'videos': 2, 'annotations': 30} for s in ('train', 'val')},
    }
    return study_table(study, list(results))


def test_common_seeds__in_the_order_of_the_first():
    assert common_seeds({'seeds': [2, 0, 1]}, {'seeds': [0, 2, 3]}) == [2, 0]
    assert common_seeds({'seeds': [0]}, {'seeds': [1]}) == []


def test_spread__by_hand():
    assert spread([1.0, 3.0, None]) == {
        'mean': 2.0,
        'deviation': pytest.approx(2**0.5),
        'values': [1.0, 3.0, None],
    }
    assert spread([4.0])['deviation'] is None
    assert spread([None])['mean'] is None


def test_compare__pairs_seeds_and_videos():
    base = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    table = table_of(
        result('a', 0, 50.0, [v + 2 + i for i, v in enumerate(base)]),
        result('a', 1, 54.0, [v + 4 + i for i, v in enumerate(base)]),
        result('a', 2, 99.0, [0.0] * 6),
        result('b', 0, 47.0, base),
        result('b', 1, 49.0, base),
    )
    found = compare(table, 'a', 'b')
    assert found['seeds'] == [0, 1]
    assert found['difference']['values'] == [3.0, 5.0]
    # Six videos, all on one side: 2 of 2**6 orders of signs are as extreme.
    assert found['p'] == pytest.approx(2 / 64)
    assert found['videos'] == 6
    assert compare(table, 'b', 'b')['p'] == 1
    assert compare(table, 'a', 'missing') is None


def test_compare__leaves_out_videos_without_such_frames():
    table = table_of(
        result('a', 0, 1.0, [None, 5.0, 6.0, 7.0, 8.0, 9.0]),
        result('b', 0, 1.0, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
    )
    assert compare(table, 'a', 'b', 'degraded')['videos'] == 5


@pytest.mark.parametrize(
    ('difference', 'p', 'words'),
    [
        (9.5, 0.01, 'yes'),
        (4.0, 0.01, 'in part: less than 9'),
        (9.5, 0.2, 'not beyond chance'),
        (-1.0, 0.2, 'no'),
        (-1.0, 0.01, 'no: the opposite'),
        (0.0, 1.0, 'no'),
    ],
)
def test_verdict__of_difference_and_chance(difference, p, words):
    found = {'difference': spread([difference]), 'p': p}
    assert verdict(Claim('', 'a', 'b', least=9.0), found) == words


def test_verdict__not_run():
    assert verdict(Claim('', 'a', 'b'), None) == 'not run'


def test_claim_rows__are_computed_from_the_table():
    low, high = ([float(v) for v in range(s, s + 6)] for s in (10, 30))
    better = table_of(result('jm_pose', 0, 60.0, high), result('tdmi', 0, 50.0, low))
    worse = table_of(result('jm_pose', 0, 50.0, low), result('tdmi', 0, 60.0, high))
    rows = [{row[0]: row for row in claim_rows(table)} for table in (better, worse)]
    first, second = (row['JM-Pose beats TDMI'] for row in rows)
    assert first[1:4] == ['**yes**', '+10.0', '0.031']
    assert second[1:4] == ['**no: the opposite**', '-10.0', '0.031']
    assert rows[0]['DCPose beats the single frame'][1:4] == ['**not run**', '–', '–']


def test_gain_by_quality__finds_the_trend_that_is_there():
    base = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]

    def table(slope: float) -> dict:
        gained = [v + slope * v for v in base]
        return table_of(
            *(result('jm', seed, 0.0, gained) for seed in (0, 1)),
            *(result('one', seed, 0.0, base) for seed in (0, 1)),
        )

    assert gain_by_quality(table(0.5), 'jm', 'one')['rho'] == pytest.approx(1)
    assert gain_by_quality(table(-0.5), 'jm', 'one')['rho'] == pytest.approx(-1)
    assert gain_by_quality(table(0.5), 'jm', 'missing') is None


def test_study_table__tells_where_code_changed():
    table = table_of(
        result('a', 0, 1.0, [1.0] * 6), result('a', 1, 1.0, [1.0] * 6, sources='other')
    )
    assert table['sources'] == ['abc', 'other']
    assert 'load before' not in table['versions']


def test_read_results__none(tmp_path):
    with pytest.raises(UsageError, match='expected results of runs, found none'):
        read_results(tmp_path)


def test_read_results__in_the_order_of_the_plan(tmp_path):
    for name, seed in (('tdmi', 0), ('single_frame', 1), ('single_frame', 0)):
        text = f'{{"name": "{name}", "seed": {seed}}}'
        (tmp_path / f'{name}-seed{seed}.json').write_text(text)
    found = [(r['name'], r['seed']) for r in read_results(tmp_path)]
    assert found == [('single_frame', 0), ('single_frame', 1), ('tdmi', 0)]
