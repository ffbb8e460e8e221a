"""The report of a study in Markdown, written from its table alone."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from experiments.study.claims import CHANCE, claim_rows, plus_minus, quality_sentence
from experiments.study.plan import chosen_runs
from experiments.study.scales import Scale
from experiments.study.set_up import Study
from experiments.study.table import common_seeds, spread
from jmpose_mm.datasets.synthetic import FACTORS
from jmpose_mm.tables import markdown_table
from jmpose_mm.visualization.charts import Chart, save_chart
from jmpose_mm.whole_files import whole_file

__all__ = ['write_report']

SUBSETS = {'all': 'all', 'degraded': 'degraded', 'not_degraded': 'clean'}
SUBSETS |= {factor: factor.replace('_', ' ') for factor in FACTORS}
CASES = {'cases_won': 'Where JM-Pose wins most', 'cases_lost': 'Where it loses most'}
ABOUT_CASES = """\
Chosen by the program: the test persons whose mean joint error (as a share of the crop's height, the
difference stands in the first title) changes most between the two models of seed 0. *Motion*: root
mean square of the motion features over their channels. *Joint offsets*: from each predicted joint
to where the joint learner samples on average, weighted by its joint weights."""
ABOUT_CLAIMS = f"""\
Difference: AP of the first minus AP of the second, mean ± standard deviation over the seeds that
both have. p: two-sided Wilcoxon signed-rank test over the test videos, on AP averaged over these
seeds; not adjusted for the number of claims. *Yes*: the difference on all frames is at least what
is claimed and p < {CHANCE:g}. Published: on PoseTrack's hard subset with ground-truth boxes."""


def write_report(path: str | Path, study: Study, table: dict[str, Any]) -> Path:
    """Write the report, and its pictures into a folder of its name beside it.

    Args:
        path: The Markdown file.
        study: Whose drawn cases are taken, as far as there are any.
        table: Table of :func:`experiments.study.table.study_table`.
    """
    path = Path(path)
    pictures = path.with_suffix('')
    pictures.mkdir(parents=True, exist_ok=True)
    sections = [
        _heading(table),
        _setting(study, table, pictures),
        _methods(table),
        '## Claims\n\n' + _claims(table),
        _factors(table, pictures),
        _ablations(table, pictures),
        _cases(study, pictures),
        _costs(table),
    ]
    with whole_file(path) as unfinished:
        unfinished.write_text('\n\n'.join(filter(None, sections)) + '\n', encoding='utf-8')
    return path


def _heading(table: dict[str, Any]) -> str:
    done = {(name, seed) for name, run in table['runs'].items() for seed in run['seeds']}
    planned = chosen_runs(Scale(**table['study']['scale']))
    wanted = [(run.name, seed) for run in planned for seed in range(run.seeds)]
    missing = [f'{name} (seed {seed})' for name, seed in wanted if (name, seed) not in done]
    lines = [
        '# Controlled study: does each method gain where its paper says?',
        f'Written {datetime.now(UTC):%Y-%m-%d} by `experiments/run_study.py` from its table of '
        'results; '
        f'scale: {table["study"]["scale"]["name"]}, on {", ".join(table["devices"])}. '
        f'Runs made: {len(wanted) - len(missing)} of {len(wanted)}.',
    ]
    if missing:
        lines.append(f'**Not finished.** Missing: {", ".join(missing)}.')
    if len(table['sources']) > 1:
        lines.append(
            '**Mixed.** Models or configs changed between runs of this table; remove the older '
            'results and make them again.'
        )
    return '\n\n'.join(lines)


def _setting(study: Study, table: dict[str, Any], pictures: Path) -> str:
    facts, scale = table['study'], table['study']['scale']
    train, test = (facts['counts'][split] for split in ('train', 'val'))
    versions = ', '.join(f'{k} {v}' for k, v in table['versions'].items() if isinstance(v, str))
    lines = [
        '## Setting',
        f'* **Data**: `{scale["preset"]}` of [the embedded data](synthetic_data.md), digest '
        f'`{facts["data_digest"][:16]}`: {train["videos"]} training videos with '
        f'{train["annotations"]:,} persons, {test["videos"]} test videos, of which every '
        f'{scale["test_interval"]}th frame is tested ({table["frames"]["all"]} frames, '
        f'{table["frames"]["degraded"]} of them degraded). Other settings: '
        f'{scale["settings"] or "none"}.',
        '* **Training**: AdamW and one cycle, as in the configs, in '
        f'{facts["training_dtype"]}; beyond them, crops are shifted by up to '
        f'{100 * facts["box_shift"]:.0f} percent.',
        '* **Single frame**: trained on all training persons, '
        f'{scale["baseline_epochs"]} times, once for each seed. Its backbone and heatmap layer, '
        'frozen, are those of every other run of the seed unless the run says otherwise.',
        f'* **Methods**: one pass, or as many as a run says, over {scale["samples"]:,} key-frame '
        f'samples, batches of {scale["batch"]}, one random crop each. All runs of a seed see the '
        'same crops in the same order, as features that the frozen backbone made once (float16).',
        f'* **Protocol**: {facts["protocol"]}; boxes: {" or ".join(facts["boxes"].values())}. '
        f'PoseTrack AP in percent, mean ± standard deviation over seeds.',
        f'* **Made with**: {versions}.',
    ]
    return '\n'.join([lines[0], '', *lines[1:]]) + _contact_sheet(study, pictures)


def _contact_sheet(study: Study, pictures: Path) -> str:
    drawn = pictures / 'data.jpg'
    if not drawn.exists() and study.data.exists():
        from jmpose_mm.datasets.synthetic import write_contact_sheet

        write_contact_sheet(study.data, drawn)
    return f'\n\n![The data by factor]({pictures.name}/data.jpg)' if drawn.exists() else ''


def _methods(table: dict[str, Any]) -> str:
    titles = {'truth': 'Ground-truth boxes', 'noisy': 'Noisy boxes'}
    titles['copies'] = 'Ground-truth boxes, tested on copies of the key frame'
    parts = ['## Methods and controls']
    for kind, title in titles.items():
        runs = [
            run
            for run in table['runs'].values()
            if run['group'] != 'ablation' and kind in run['ap']
        ]
        if runs:
            parts += [f'### {title}', _ap_table(runs, kind, table)]
    return '\n\n'.join(parts)


def _ap_table(runs: list[dict[str, Any]], kind: str, table: dict[str, Any]) -> str:
    header = ['', 'seeds', *SUBSETS.values()]
    rows = [['*frames*', '', *(str(table['frames'][name]) for name in SUBSETS)]]
    for run in runs:
        cells = [plus_minus(run['ap'][kind][name]) for name in SUBSETS]
        rows.append([run['title'], str(len(run['seeds'])), *cells])
    return markdown_table(header, rows)


def _claims(table: dict[str, Any]) -> str:
    header = ['claim', 'measured', 'Δ AP, all', 'p', 'Δ AP, degraded', 'p', 'seeds', 'published']
    rows = claim_rows(table)
    answers = Counter(row[1].strip('*').partition(':')[0] for row in rows)
    summary = ', '.join(f'{count} {answer}' for answer, count in answers.most_common())
    said = f'{len(rows)} claims: {summary}.'
    return '\n\n'.join([ABOUT_CLAIMS, said, markdown_table(header, rows), quality_sentence(table)])


def _factors(table: dict[str, Any], pictures: Path) -> str:
    runs = [table['runs'].get(name) for name in ('single_frame', 'jm_pose')]
    if None in runs:
        return ''
    chart = Chart(
        'AP by factor',
        'PoseTrack AP, mean over common seeds',
        list(SUBSETS.values()),
        [table['frames'][name] for name in SUBSETS],
        {run['title']: _means(run, list(SUBSETS), common_seeds(*runs)) for run in runs},
        counted='frames',
        note=f'ground-truth boxes | {table["study"]["protocol"]}',
    )
    save_chart(pictures / 'factors.png', chart)
    return f'## Factor by factor\n\n![AP by factor]({pictures.name}/factors.png)'


def _ablations(table: dict[str, Any], pictures: Path) -> str:
    runs = table['runs']
    changed = [run for run in runs.values() if run['group'] == 'ablation' and run['of'] in runs]
    if not changed:
        return ''
    whole = [runs[n] for n in ('single_frame', 'jm_pose') if n in runs]
    pairs = [(run, runs[run['of']], _title(run, table)) for run in changed]
    if len(whole) == 2:
        pairs.insert(0, (*whole, 'single frame, not JM-Pose'))
    chart = Chart(
        'Ablations',
        'PoseTrack AP, mean over common seeds',
        [title for *_, title in pairs],
        [table['frames']['all']] * len(pairs),
        {
            name: np.concatenate(
                [_means(pair[i], ['all'], common_seeds(*pair[:2])) for pair in pairs]
            )
            for i, name in enumerate(('changed', 'as proposed'))
        },
        counted='frames',
        note=f'ground-truth boxes | {table["study"]["protocol"]}',
    )
    save_chart(pictures / 'ablations.png', chart)
    named = [{**run, 'title': _title(run, table)} for run in changed]
    shown = f'## Ablations\n\n![AP of ablations]({pictures.name}/ablations.png)'
    return f'{shown}\n\n{_ap_table(named, "truth", table)}'


def _title(run: dict[str, Any], table: dict[str, Any]) -> str:
    """An ablation's says what of."""
    of = table['runs'].get(run['of'], {'title': run['of']})
    return f'{of["title"]} {run["title"]}' if run['group'] == 'ablation' else run['title']


def _means(run: dict[str, Any], subsets: list[str], seeds: list[int]) -> np.ndarray:
    places = [run['seeds'].index(seed) for seed in seeds]
    values = [[run['ap']['truth'][name]['values'][i] for i in places] for name in subsets]
    return np.asarray([spread(of_subset)['mean'] for of_subset in values], dtype=float)


def _cases(study: Study, pictures: Path) -> str:
    parts = []
    for name, title in CASES.items():
        file = study.folder / 'pictures' / f'{name}.jpg'
        if file.exists():
            shutil.copyfile(file, pictures / file.name)
            parts.append(f'### {title}\n\n![{title}]({pictures.name}/{file.name})')
    return '\n\n'.join(['## Cases', ABOUT_CASES, *parts]) if parts else ''


def _costs(table: dict[str, Any]) -> str:
    header = ['', 'trained parameters', 'all', 'GFLOP a clip', 'ms a clip', 'training, s']
    rows = []
    for run in table['runs'].values():
        cost = run['cost']
        cells = [f'{cost["trainable"]:,}', f'{cost["total"]:,}', f'{cost["gigaflops"]:.2f}']
        cells.append(f'{1000 * run["seconds_per_clip"]["mean"]:.1f}')
        cells.append(f'{run["training"]["seconds"]["mean"]:.0f}')
        rows.append([_title(run, table), *cells])
    threads = sorted({run['cost']['threads'] for run in table['runs'].values()})
    said = (
        'One clip is one person with all frames that the method takes, backbone included. FLOP are '
        'twice the multiply-adds of convolutions and matrix products, without the bilinear '
        f'sampling of deformable steps. Threads: {", ".join(map(str, threads))}, and other runs '
        'beside it on the other cores. Training: of the part that is trained, without the features.'
    )
    return f'## Cost\n\n{said}\n\n{markdown_table(header, rows)}'
