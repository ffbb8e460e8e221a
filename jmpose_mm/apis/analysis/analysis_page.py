"""One folder with everything: ``analysis.md`` and the pictures that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from jmpose_mm.errors import UsageError
from jmpose_mm.functional.evaluation.posetrack_ap import mean_over_joints
from jmpose_mm.visualization.charts import Chart, save_chart
from jmpose_mm.whole_files import check_output, whole_file

from .frames import APART, draw_frames, farthest, frame_errors
from .parts import UNKNOWN, Division, Part, Study, divide, evaluate, part_counts
from .runs import PROTOCOL, read_run, read_truth
from .tables import (
    JOINTS,
    TITLES,
    division_table,
    frame_table,
    joint_labels,
    joint_table,
    protocol_table,
)

__all__ = ['analyze_results']

TITLE = '# Analysis: '
MOST_ROWS = 40  # of a chart; the table has them all
LEAST_DIFFERENCE = 0.05  # head sizes; frames that differ less are not worth a look
NAMELESS = ('predictions', 'posetrack17', 'posetrack18')  # folders that say nothing about a run
ABOUT_PARTS = """\
Every table has a row for each part of the annotated persons. True are the joints of these persons;
everybody is matched once, over all persons; a prediction counts where the person is that it took,
and one that took nobody is false wherever its frame has a person of the part. `all` is the official
number. AP of few persons is mostly chance."""
ABOUT_ERRORS = f"""\
Error: mean distance of the annotated joints in head sizes, at most 1 each, from the predictions
that fit the persons best, whatever their scores; a joint without prediction counts 1. Right: within
half a head size. Frames of one video are at least {APART} frames apart."""


def analyze_results(
    results: Sequence[str | Path],
    gt: str | Path,
    out_dir: str | Path = 'analysis',
    images: str | Path | None = None,
    names: Sequence[str] | None = None,
    bins: int = 5,
    num_frames: int = 6,
) -> Path:
    """Analyse the predictions of one run, or compare those of two.

    Args:
        results: One or two folders of predictions in an official form.
        gt: PoseTrack ground truth, a file or a folder.
        out_dir: ``analysis.md`` and its pictures go here.
        images: Folder of the ground truth's image names; without it no frame is drawn.
        names: Names of the runs; by default those of the folders.
        bins: Number of ranges of head size and of speed.
        num_frames: Number of frames of each kind to list and draw.

    Returns:
        The path of ``analysis.md``, which is written last.

    Raises:
        ValueError: There are not one or two runs, or a file cannot be used.

    Example:
        >>> import json
        >>> from jmpose_mm.datasets.synthetic import make_synthetic
        >>> tiny = {'videos_train': 0, 'videos_val': 1, 'frames': 3, 'size': (96, 72)}
        >>> counts = make_synthetic('data', workers=1, progress=False, **tiny)['counts']
        >>> truth = Path('data/annotations/posetrack18_val.json')
        >>> predictions = json.loads(truth.read_text())
        >>> for person in predictions['annotations']:  # perfect ones, for want of others
        ...     person['scores'] = [1.0] * 17
        >>> Path('predictions').mkdir()
        >>> written = Path('predictions', 'all.json').write_text(json.dumps(predictions))
        >>> report = analyze_results(['predictions'], truth, 'analysis', bins=1)
        >>> 'Mean AP' in report.read_text()
        True
    """
    if len(results) not in (1, 2):
        raise ValueError(f'results: expected one or two folders, got {len(results)}')
    names = list(names or _names(results))
    if len(names) != len(results) or len(set(names)) < len(names):
        raise ValueError(f'names: expected {len(results)} different ones, got {names}')
    for name, value in (('bins', bins), ('frames', num_frames)):
        if value < 1:
            raise ValueError(f'{name}: expected at least 1, got {value}')
    out_dir = Path(out_dir)
    if out_dir.exists() and not out_dir.is_dir():
        raise ValueError(f'{out_dir}: expected a folder to write to, found a file; choose another')
    read = [path for path in (*results, gt, images) if path is not None]
    check_output(out_dir, read, 'out_dir', folder=True)
    _check_page(out_dir / 'analysis.md')
    truth = read_truth(gt)
    runs = [read_run(folder, name, truth) for folder, name in zip(results, names, strict=True)]
    study, divisions = evaluate(divide(truth, bins), truth, runs)
    sections = [_heading(study), _joints(out_dir, study)]
    sections += [_division(out_dir, division, study) for division in divisions]
    sections += _frames(out_dir, images, study, num_frames)
    with whole_file(out_dir / 'analysis.md') as unfinished:
        unfinished.write_text('\n\n'.join(sections) + '\n', encoding='utf-8')
    return out_dir / 'analysis.md'


def _check_page(page: Path) -> None:
    if page.is_file() and not page.read_bytes().startswith(TITLE.encode()):
        raise UsageError(
            f'out_dir: {page} is there and is no page that was made here; choose another folder'
        )


def _names(folders: Sequence[str | Path]) -> list[str]:
    """The last folder of each path that says something, or the paths if that is the same."""
    parts = [Path(folder).resolve().parts for folder in folders]
    names = [next(part for part in reversed(path) if part not in NAMELESS) for path in parts]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _heading(study: Study) -> str:
    truth, runs, everybody = study
    frames, persons = part_counts(everybody, truth)
    videos = len({truth.keys[frame][0] for frame in np.unique(truth.persons.frame)})
    means = [mean_over_joints(result.ap) for result in everybody.results]
    said = [f'{run.name} {mean:.2f}' for run, mean in zip(runs, means, strict=True)]
    said += [f'Δ {after - before:+.2f}' for before, after in pairwise(means)]
    lines = [
        f'{TITLE}{" and ".join(run.name for run in runs)}',
        f'**Mean AP: {", ".join(said)}**',
        protocol_table(runs),
        f'Truth: `{truth.path}`, videos: {videos}, frames: {frames} judged of {len(truth.keys)}, '
        f'persons: {persons:,}. AP in percent by the rules of the official evaluator (poseval).',
        ABOUT_PARTS,
    ]
    lines[3:3] = [f'Note on {run.name}: {note}.' for run in runs for note in run.notes]
    different = [name for name in PROTOCOL if len({run.protocol[name] for run in runs}) > 1]
    if different:
        said = f'The runs differ in {" and ".join(different)}: what changes is not the model alone.'
        lines.insert(3, f'**{said}**')
    return '\n\n'.join(lines)


def _note(study: Study) -> str:
    """The protocol in one line, of each run apart if they differ."""
    said = {
        run.name: ' | '.join(f'{TITLES[name]}: {run.protocol[name]}' for name in PROTOCOL)
        for run in study.runs
    }
    if len(set(said.values())) == 1:
        return f'PoseTrack AP | {next(iter(said.values()))}'
    return 'PoseTrack AP | ' + ' | '.join(f'{run}: {text}' for run, text in said.items())


def _joints(out_dir: Path, study: Study) -> str:
    results = study.everybody.results
    values = {
        run.name: np.append(mean_over_joints(result.ap), result.ap[JOINTS])
        for run, result in zip(study.runs, results, strict=True)
    }
    true = results[0].num_true
    counts = [int(true.sum()), *true[JOINTS].tolist()]
    chart = Chart(
        'Joints', 'AP', ['mean', *joint_labels()], counts, values, 'annotated', note=_note(study)
    )
    save_chart(out_dir / 'joints.png', chart)
    return _section('Joints', 'joints.png', joint_table(results, study.runs))


def _division(out_dir: Path, division: Division, study: Study) -> str:
    if division.of == 'video':
        division = division._replace(parts=sorted(division.parts, key=_gain))
    drawn = [part for part in division.parts if not division.about or part.name != UNKNOWN]
    shown = [study.everybody, *drawn[:MOST_ROWS]]
    values = {
        run.name: np.asarray([mean_over_joints(part.results[number].ap) for part in shown])
        for number, run in enumerate(study.runs)
    }
    rest = len(drawn) - MOST_ROWS
    chart = Chart(
        division.title + (f' (the {MOST_ROWS} first of {len(drawn)})' if rest > 0 else ''),
        'mean AP',
        [part.name for part in shown],
        [part_counts(part, study.truth)[1] for part in shown],
        values,
        ranges=division.of if division.about else '',
        note=_note(study),
    )
    picture = division.file if drawn else None
    if picture:
        save_chart(out_dir / picture, chart)
    about = f'{division.about}\n\n' if division.about else ''
    return _section(division.title, picture, about + division_table(division, study))


def _gain(part: Part) -> float:
    """AP of one run, what two differ by: the worst part comes first, those without AP last."""
    means = [mean_over_joints(result.ap) for result in part.results]
    value = means[-1] - (means[0] if len(means) == 2 else 0)
    return float('inf') if np.isnan(value) else value


def _frames(out_dir: Path, images: str | Path | None, study: Study, count: int) -> list[str]:
    truth, runs, _ = study
    errors = [frame_errors(truth, run) for run in runs]
    joints = errors[0].num_joints
    kinds = {
        f'Worst frames of {run.name}': (f'worst_{number}.png', error.mean, 0.0)
        for number, (run, error) in enumerate(zip(runs, errors, strict=True), start=1)
    }
    if len(runs) == 2:
        (first, second), gain = runs, errors[0].mean - errors[1].mean
        kinds[f'Frames where {second.name} is better'] = ('gains.png', gain, LEAST_DIFFERENCE)
        kinds[f'Frames where {first.name} is better'] = ('losses.png', -gain, LEAST_DIFFERENCE)
    sections = [f'## Frames\n\n{ABOUT_ERRORS}']
    if images is None:
        sections[0] += '\n\nNone is drawn: where the images are was not said (`--images`).'
    for title, (file, values, least) in kinds.items():
        frames = farthest(values, joints, truth, count, least)
        drawn = file if images is not None and frames else None
        if drawn:
            draw_frames(out_dir / file, images, truth, runs, frames)
        none = f'None by more than {least} head sizes.'
        table = frame_table(frames, truth, runs, errors) if frames else none
        sections.append(_section(title, drawn, table, level='###'))
    return sections


def _section(title: str, picture: str | None, text: str, level: str = '##') -> str:
    shown = f'![{title}]({picture})\n\n' if picture else ''
    return f'{level} {title}\n\n{shown}{text}'
