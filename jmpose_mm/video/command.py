"""The logic of ``tools/infer_video.py``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError
from jmpose_mm.video.chosen_model import ChosenModel, chosen_model, inputs_and_model
from jmpose_mm.video.files.pose_exports import EXPORTS
from jmpose_mm.video.files.recordings import Recording
from jmpose_mm.video.film_lists import FilmMaker, film_names, films_in, make_films, take_shard
from jmpose_mm.video.film_tables import check_table, tabled
from jmpose_mm.video.frames.sources import FrameSource, open_source
from jmpose_mm.video.frames.span import Span
from jmpose_mm.video.inferencer import VideoPoseInferencer
from jmpose_mm.video.people.box_files import one_video_note
from jmpose_mm.video.people.boxes import box_source
from jmpose_mm.video.people.named_detectors import detector_addresses
from jmpose_mm.video.people.person_choice import PersonChoice
from jmpose_mm.video.poses.whole_tracks import ONE_EURO
from jmpose_mm.video.ray_actors import rows_by_ray
from jmpose_mm.video.video_inference import VideoOutputs, infer_video, output_folder
from jmpose_mm.visualization.skeleton import skeleton_of

__all__ = ['run_command']

OUT_DIR = 'poses'


def run_command(
    input: str | Sequence[str],
    config: str | None = None,
    checkpoint: str | None = None,
    out_dir: str | None = None,
    **options: Any,
) -> list[str]:
    """Run on a video, or on several, as the command line says, and print where things are.

    Args:
        input: See :func:`open_source`; several of them, or a folder or pattern of films, give a
            folder for each, and a table. Config and checkpoint may stand behind them.
        config: Path or packaged name; None for ``model`` of the options, or for the default.
        checkpoint: Weights of the model; see :func:`chosen_model`.
        out_dir: Folder of the results; by default ``poses``, for one film a folder in it.
        options: The other options by name.

    Returns:
        A line for each thing that could not be done.

    Raises:
        UsageError: A named thing does not exist or does not fit together.
    """
    outputs = _outputs(options)
    _choice(options)  # before anything is loaded: mistakes are said at once
    inputs = [input] if isinstance(input, str) else list(input)
    if config is None:
        inputs, config, checkpoint = inputs_and_model(inputs)
    if not inputs:
        raise UsageError('input: expected a video, e.g. walk.mp4; got none')
    chosen = chosen_model(options['model'], config, checkpoint, options['device'])
    films = films_in(inputs)
    if films is None:
        return _one_film(inputs[0], chosen, out_dir, outputs, options)
    shard = options['shard']
    folders, wanted = film_names(films), take_shard(films, shard)
    table = f'summary_{shard.replace("/", "_of_")}.csv' if shard else 'summary.csv'
    into, again = Path(out_dir or OUT_DIR), options['overwrite']
    check_table(into / table)
    load = partial(_film_maker, chosen, outputs, options, len(wanted))
    if options['ray'] is None:
        rows = make_films(wanted, folders, into, load(), again, table)
    else:
        _weights(chosen, options)  # before the actors ask for them
        places = {film: into / folders[film] for film in wanted}
        rows = tabled(rows_by_ray(wanted, places, load, again, options['ray']), into / table)
    print(f'{len(rows)} films; {into / table}')
    return [f'{row.film}: {row.problems}' for row in rows if row.problems]


def _film_maker(
    chosen: ChosenModel, outputs: VideoOutputs, options: dict[str, Any], films: int
) -> FilmMaker:
    """Load the model; returns what makes each of so many films with it."""
    inferencer, weights = _inferencer(chosen, options)
    if note := one_video_note(inferencer.boxes, films):
        _say(note)
    protocol = _protocol(inferencer, weights, options)
    skeleton = skeleton_of(inferencer.model.dataset_meta)

    def make(film: str, folder: Path) -> Recording:
        source = _opened(film, options)
        new = options['overwrite'] or not folder.exists()  # else what was interrupted goes on
        made = infer_video(inferencer, source, folder, outputs, protocol, not new, new)
        _told(made, str(folder))
        return made

    def expected(film: str) -> int | None:
        try:
            return _opened(film, options).length
        except (UsageError, OSError):  # it has gone since
            return None

    return FilmMaker(make, protocol, outputs.names(skeleton), expected)


def _one_film(
    input: str,
    chosen: ChosenModel,
    out_dir: str | None,
    outputs: VideoOutputs,
    options: dict[str, Any],
) -> list[str]:
    for name in ('shard', 'ray'):
        if options[name] is not None:
            raise UsageError(f'{name}: expected several films to take some of, got one')
    if out_dir is None:
        out_dir = str(Path(OUT_DIR, film_names([input])[input]))
    source = _opened(input, options)
    again = {name: options[name] for name in ('resume', 'overwrite')}
    # Before the model is loaded: mistakes are said at once.
    read = [options['boxes'] or '', chosen.config, chosen.weights]
    # Taken and given back, for its errors.
    with output_folder(out_dir, source, outputs, None, read).held(**again):
        pass
    inferencer, weights = _inferencer(chosen, options)
    protocol = _protocol(inferencer, weights, options)
    return _told(infer_video(inferencer, source, out_dir, outputs, protocol, **again), out_dir)


def _protocol(
    inferencer: VideoPoseInferencer, weights: str, options: dict[str, Any]
) -> dict[str, Any]:
    start, stride = (options[name] for name in ('start', 'stride'))
    span = Span.parse(start, None, stride)
    return {
        **inferencer.protocol(weights),
        'frames': {'start': span.start, 'stride': span.stride},
        'smoothing': ', '.join(options['smooth'] or ()) or None,
        'joined': options['join'],
    }


def _opened(input: str, options: dict[str, Any]) -> FrameSource:
    start, end, stride = (options[name] for name in ('start', 'end', 'stride'))
    return open_source(input, start, end, stride, options['fps'])


def _outputs(options: dict[str, Any]) -> VideoOutputs:
    """What is to be written.

    Raises:
        UsageError: Options exclude each other, or name what does not exist.
    """
    if not 0 < options['lost'] < float('inf'):
        raise UsageError(f'lost: expected seconds above 0, got {options["lost"]}')
    afterwards = [] if _is_steadied_online(options) else list(options['smooth'] or ())
    if options['join'] is not None and not 0 < options['join'] < float('inf'):
        raise UsageError(f'join: expected seconds above 0, got {options["join"]}')
    if options['layer'] and (afterwards or options['join']):
        raise UsageError(
            f'layer: expected no --smooth {" ".join(afterwards)} and no --join, whose film is '
            'drawn from poses without maps'
        )
    if options['layer'] and options['no_video']:
        raise UsageError('layer: expected a film to be written, got none (no_video)')
    for form in options['export'] or ():
        if form not in EXPORTS:
            raise UsageError(f'export: expected some of {", ".join(EXPORTS)}, got {form!r}')
    return VideoOutputs(
        film=not options['no_video'],
        drawing={'boxes': options['draw_boxes'], 'trail': options['trail']},
        beside=options['beside'],
        exports=options['export'],
        smoothing=afterwards or None,
        join=options['join'],
        codec=options['codec'],
        quality=options['quality'],
    )


def _is_steadied_online(options: dict[str, Any]) -> bool:
    """Beside other steps the filter has to wait for its turn."""
    return list(options['smooth'] or ()) == [ONE_EURO] and options['join'] is None


def _inferencer(chosen: ChosenModel, options: dict[str, Any]) -> tuple[VideoPoseInferencer, str]:
    """The model with its boxes, and the file of its weights."""
    folder, spec = options['weights_dir'], options['boxes'] or options['detector']
    weights = _weights(chosen, options)
    _say(f'people: {spec}')
    boxes = box_source(spec, options['min_score'], options['device'], folder)
    _say(f'poses: {chosen.name}, weights {Path(weights).name}')
    try:
        inferencer = VideoPoseInferencer(
            chosen.config,
            weights,
            options['device'],
            boxes,
            options['detect_every'],
            one_euro={} if _is_steadied_online(options) else None,
            engine={name: options[name] for name in ('crop', 'causal', 'layer')},
            model={'dtype': options['dtype'], 'compile': options['compile']},
        )
    except UsageError as error:
        if not chosen.is_start or 'does not fit' not in str(error):
            raise
        raise UsageError(
            f'{chosen.config}: its load_from, {Path(weights).name}, is what training starts with; '
            'give trained weights behind it as CHECKPOINT'
        ) from error
    inferencer.lost = options['lost']
    inferencer.choice = _choice(options)
    return inferencer, weights


def _weights(chosen: ChosenModel, options: dict[str, Any]) -> str:
    """The file of the weights; where it cannot be had, an error names the detector's too."""
    spec = options['boxes'] or options['detector']
    return chosen.file(options['weights_dir'], detector_addresses(spec, options['device']))


def _choice(options: dict[str, Any]) -> PersonChoice:
    """The persons who are wanted."""
    most = 1 if options['main_person'] else options['max_persons']
    return PersonChoice.parse(most, options['keep_ids'], options['min_score'])


def _say(line: str) -> None:
    """A line on what is begun, at once."""
    print(line, file=sys.stderr, flush=True)


def _told(recording: Recording, out_dir: str) -> list[str]:
    """Print what came out; the problems."""
    for note in recording.notes:
        print(f'note: {note}', file=sys.stderr)
    names = sorted(file.name for file in Path(out_dir).iterdir() if file.name[0] != '.')
    print(f'{len(recording)} frames; {out_dir}: {", ".join(names)}')
    return recording.problems
