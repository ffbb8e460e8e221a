"""The report of a study in Markdown, written from its table alone."""

from __future__ import annotations

import shutil
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.study.answers import Answer, answers, claim_rows, plus_minus, quality_sentence
from experiments.study.budget import CORES, estimated_seconds, taken_seconds
from experiments.study.claims import CHANCE
from experiments.study.figures import SUBSETS, draw_figures
from experiments.study.findings import finding_sentences
from experiments.study.plan import Run, chosen_runs
from experiments.study.scales import MAIN, Scale
from experiments.study.set_up import Study
from jmpose_mm.tables import markdown_table
from jmpose_mm.whole_files import whole_file

__all__ = ['write_report']

SHORT = ('all', 'degraded', 'not_degraded')
CASES = {'cases_won': 'Where JM-Pose wins most', 'cases_lost': 'Where it loses most'}
ABOUT_MAIN = """\
PoseTrack AP in percent, mean ± standard deviation over seeds. All columns but *noisy boxes* are in
ground-truth boxes. *Copies*: the key frame takes the place of every frame in testing. Degraded and
clean frames make up all frames."""
ABOUT_CASES = """\
Chosen by the program: the test persons whose mean joint error changes most between the two models
of seed 0. The error is a share of the crop's height, and the change stands in the first title.
*Motion* is the root mean square of the motion features over their channels. *Joint offsets* lead
from each predicted joint to where the joint learner samples on average."""
ABOUT_CLAIMS = f"""\
The claims and their bars were written down before the runs. The difference is the AP of the first
minus that of the second on all frames, mean ± standard deviation over the seeds that both have. The
interval holds 95 percent of the mean differences by video when the test videos are drawn again. p
is that of a two-sided Wilcoxon signed-rank test over the test videos, on AP averaged over these
seeds. p* is p after Holm's correction for all claims of the table. *Yes* takes the claimed
difference and p* < {CHANCE:g}. *Open* says that p alone is below. Published figures are of
PoseTrack's hard subset in ground-truth boxes."""
ABOUT_COSTS = """\
One clip is one person with all frames that the method takes, backbone included. FLOP are twice the
multiply-adds of convolutions and matrix products. The bilinear sampling of deformable steps is not
among them. Other runs were made beside it on the other cores. Training is that of the part that is
trained, without the features."""


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
    found = answers(table)
    sections = [
        *_heading(table),
        '## Findings',
        _filled(' '.join(finding_sentences(table, found))),
        '## Methods and parts',
        _filled(ABOUT_MAIN),
        _main_table(table),
        *_figures(table, pictures),
        *_claims(table, found),
        '## Details',
        *_setting(study, table, pictures),
        *_factors(table),
        *_cases(study, pictures),
        *_costs(table),
    ]
    with whole_file(path) as unfinished:
        unfinished.write_text('\n\n'.join(sections) + '\n', encoding='utf-8')
    return path


def _filled(text: str, **options: Any) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False, **options)


def _heading(table: dict[str, Any]) -> list[str]:
    scale = Scale(**table['study']['scale'])
    planned = chosen_runs(scale)

    def made(run: Run, seed: int) -> bool:
        return seed in table['runs'].get(run.name, {'seeds': []})['seeds']

    wanted = [made(run, seed) for run in planned for seed in range(run.seeds)]
    seeds = sorted({seed for run in table['runs'].values() for seed in run['seeds']})
    lines = [
        f'Runs made: {sum(wanted)} of {len(wanted)} planned, of seeds '
        f'{", ".join(map(str, seeds))}. Written '
        f'{datetime.now(UTC):%Y-%m-%d} by `experiments/run_study.py` from its table of results. '
        f'Scale: {scale.name}, on {", ".join(table["devices"])}.'
    ]
    missing = [
        _filled(f'* seed {seed}: {", ".join(names)}', subsequent_indent='  ')
        for seed in range(max(run.seeds for run in planned))
        if (names := [run.name for run in planned if seed < run.seeds and not made(run, seed)])
    ]
    if missing:
        lines += ['**Not finished.** Missing:', '\n'.join(missing)]
    if len(table['sources']) > 1:
        lines.append(
            '**Mixed.** Models or configs changed between runs of this table. Remove the older '
            'results and make them again.'
        )
    title = '# Controlled study: does each method gain where its paper says?'
    return [title, *(line if '\n' in line else _filled(line) for line in lines)]


def _main_table(table: dict[str, Any]) -> str:
    header = ['', 'seeds', *(SUBSETS[name] for name in SHORT), 'noisy boxes', 'copies']
    rows = []
    for run in table['runs'].values():
        if run['group'] in (*MAIN, 'curve'):
            ap = run['ap']
            cells = [plus_minus(ap['truth'][name]) for name in SHORT]
            cells += [plus_minus(ap[k]['all']) if k in ap else '' for k in ('noisy', 'copies')]
            rows.append([run['title'], str(len(run['seeds'])), *cells])
    return markdown_table(header, rows)


def _figures(table: dict[str, Any], pictures: Path) -> list[str]:
    drawn = draw_figures(table, pictures)
    shown = [f'![{title}]({pictures.name}/{file.name})' for title, file in drawn.items()]
    return ['## Figures', *shown] if shown else []


def _claims(table: dict[str, Any], found: list[Answer]) -> list[str]:
    header = ['claim', 'measured', 'Δ AP, all', 'interval', 'p', 'p*']
    header += ['Δ AP, degraded', 'p', 'seeds', 'published']
    rows = markdown_table(header, claim_rows(found))
    return ['## Claims', _filled(ABOUT_CLAIMS), rows, _filled(quality_sentence(table))]


def _setting(study: Study, table: dict[str, Any], pictures: Path) -> list[str]:
    facts, scale = table['study'], table['study']['scale']
    train, test = (facts['counts'][split] for split in ('train', 'val'))
    versions = ', '.join(f'{k} {v}' for k, v in table['versions'].items() if isinstance(v, str))
    points = [
        f'**Data**: `{scale["preset"]}` of [the embedded data](synthetic_data.md), digest '
        f'`{facts["data_digest"][:16]}`. It has {train["videos"]} training videos with '
        f'{train["annotations"]:,} persons, and {test["videos"]} test videos. Every '
        f'{scale["test_interval"]}th frame of these is tested: {table["frames"]["all"]} frames, '
        f'{table["frames"]["degraded"]} of them degraded. Other settings: '
        f'{scale["settings"] or "none"}.',
        f'**Single frame**: trained {scale["baseline_epochs"]} times on all training persons, once '
        'for each seed. Its backbone and heatmap layer are those of every other run of the seed, '
        'frozen, unless the run says otherwise.',
        f'**Methods**: three passes over {scale["samples"]:,} key-frame samples unless the run '
        f'says otherwise, in batches of {scale["batch"]}, one random crop each. All runs of a seed '
        'see the same crops in the same order.',
        '**Features**: those crops as the frozen backbone saw them once, in float16.',
        '**Training**: AdamW and one cycle, as in the configs, in '
        f'{facts["training_dtype"]}. Beyond them, crops are shifted by up to '
        f'{100 * facts["box_shift"]:.0f} percent.',
        f'**Protocol**: {facts["protocol"]}. Boxes: {" or ".join(facts["boxes"].values())}.',
        f'**Time**: {_hours(table)}.',
        f'**Made with**: {versions}.',
    ]
    listed = '\n'.join(_filled(f'* {point}', subsequent_indent='  ') for point in points)
    return ['### Setting', listed, *_contact_sheet(study, pictures)]


def _hours(table: dict[str, Any]) -> str:
    estimated = estimated_seconds(Scale(**table['study']['scale']))
    taken = f'these runs took {taken_seconds(table) / 3600 / CORES:.1f} hours of {CORES} cores'
    if estimated is None:
        return taken
    return f'the plan asks for {estimated / 3600 / CORES:.1f} hours of {CORES} cores; {taken}'


def _contact_sheet(study: Study, pictures: Path) -> list[str]:
    drawn = pictures / 'data.jpg'
    if not drawn.exists() and study.data.exists():
        from jmpose_mm.datasets.synthetic import write_contact_sheet

        write_contact_sheet(study.data, drawn)
    return [f'![The data by factor]({pictures.name}/data.jpg)'] if drawn.exists() else []


def _factors(table: dict[str, Any]) -> list[str]:
    titles = {'truth': 'Ground-truth boxes', 'noisy': 'Noisy boxes'}
    titles['copies'] = 'Ground-truth boxes, tested on copies of the key frame'
    parts = []
    for kind, title in titles.items():
        runs = [run for run in table['runs'].values() if kind in run['ap']]
        if runs:
            rows = [['*frames*', '', *(str(table['frames'][name]) for name in SUBSETS)]]
            for run in runs:
                cells = [plus_minus(run['ap'][kind][name]) for name in SUBSETS]
                rows.append([run['title'], str(len(run['seeds'])), *cells])
            parts += [f'### {title}', markdown_table(['', 'seeds', *SUBSETS.values()], rows)]
    return parts


def _cases(study: Study, pictures: Path) -> list[str]:
    parts = []
    for name, title in CASES.items():
        file = study.folder / 'pictures' / f'{name}.jpg'
        if file.exists():
            shutil.copyfile(file, pictures / file.name)
            parts += [f'#### {title}', f'![{title}]({pictures.name}/{file.name})']
    return ['### Cases', _filled(ABOUT_CASES), *parts] if parts else []


def _costs(table: dict[str, Any]) -> list[str]:
    header = ['', 'trained parameters', 'all', 'GFLOP a clip', 'ms a clip', 'training, s']
    rows = []
    for run in table['runs'].values():
        cost = run['cost']
        cells = [f'{cost["trainable"]:,}', f'{cost["total"]:,}', f'{cost["gigaflops"]:.2f}']
        cells.append(f'{1000 * run["seconds_per_clip"]["mean"]:.1f}')
        cells.append(f'{run["training"]["seconds"]["mean"]:.0f}')
        rows.append([run['title'], *cells])
    threads = sorted({run['cost']['threads'] for run in table['runs'].values()})
    said = f'{ABOUT_COSTS} Threads: {", ".join(map(str, threads))}.'
    return ['### Cost', _filled(said), markdown_table(header, rows)]
