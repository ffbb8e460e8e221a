"""Results and tables of runs that nobody made."""

from __future__ import annotations

from experiments.study.evaluation import SUBSETS
from experiments.study.scales import SCALES
from experiments.study.table import study_table

VIDEOS = [f'video{i}' for i in range(6)]
LABEL = {'boxes': 'ground truth', 'protocol': 'no flip test'}


def result(name: str, seed: int, ap: float, by_video: list[float | None], **fields) -> dict:
    """A result as `SeedRuns.make` gives it."""
    videos = dict(zip(VIDEOS, by_video, strict=True))
    tested = {
        'ap': dict.fromkeys(('all', *SUBSETS), ap),
        'videos': {'all': videos, 'degraded': videos},
        'frames': dict.fromkeys(('all', *SUBSETS), 20),
        'label': LABEL,
    }
    cost = {'trainable': 10, 'total': 20, 'gigaflops': 1.5, 'seconds_per_clip': 0.01, 'threads': 1}
    return {
        **{'name': name, 'title': name, 'group': 'method', 'of': '', 'copies': False},
        **{'seed': seed, 'trained': 'neck', 'config': 'x.py', 'changes': {}},
        **{'training': {'seconds': 3.0}, 'whole_seconds': 5.0},
        **{'cost': cost, 'tested': {'truth': tested}},
        **{'device': 'CPU', 'versions': {'torch': '2', 'load before': 1.0}, 'sources': 'abc'},
        **fields,
    }


def table_of(*results: dict, scale: str = 'cpu') -> dict:
    """A table of results."""
    study = {
        'scale': SCALES[scale].to_dict(),
        'training_dtype': 'bfloat16',
        'box_shift': 0.1,
        'data_digest': 'd' * 64,
        'counts': {s: {'videos': 2, 'annotations': 30} for s in ('train', 'val')},
    }
    return study_table(study, list(results))
