"""``report.html``: a page with the film beside each person's time lines; it needs no server.

Axes: T frames of a person.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from jmpose_mm.functional.tracks.quality import motion
from jmpose_mm.functional.tracks.smoothing import LONGEST_GAP
from jmpose_mm.video.files.person_tracks import PersonTrack, person_tracks
from jmpose_mm.video.files.quality_file import pose_quality
from jmpose_mm.video.files.recordings import Recording, plain
from jmpose_mm.visualization.film import is_drawn_film
from jmpose_mm.visualization.marks import identity_colour
from jmpose_mm.whole_files import whole_file

__all__ = ['page_style', 'write_report']

FILM = 'film.mp4'
TEMPLATE = Path(__file__).with_name('report.html')
LARGEST_INSIDE = 4 << 20  # bytes of a film that the page holds itself
POINTS, PERSONS = 1500, 30  # in a line; with lines
COLUMNS = ('joint', 'mean_score', 'low_scores', 'jumps', 'bones', 'swapped', 'outside', 'missing')


def write_report(recording: Recording, path: Path) -> None:
    """Write the page; a small film beside it goes into it, to a larger one it points."""
    text = json.dumps(_content(recording, path.with_name(FILM)), allow_nan=False)
    # Nothing in the data may end the element that holds it.
    text = text.replace('<', '\\u003c')
    page = TEMPLATE.read_text(encoding='utf-8').replace('__DATA__', text)
    with whole_file(path) as unfinished:
        unfinished.write_text(page, encoding='utf-8')


def page_style() -> str:
    """The page's style sheet, for other pages that look like it."""
    page = TEMPLATE.read_text(encoding='utf-8')
    return page.partition('<style>')[2].partition('</style>')[0]


def _content(recording: Recording, film: Path) -> dict[str, Any]:
    quality = pose_quality(recording)
    tracks = person_tracks(recording)
    longest = sorted(tracks, key=lambda track: -len(track.rows))[:PERSONS]
    shown = {track.id for track in longest}
    first = next((poses.time for poses in recording), 0.0)
    step = 1 / recording.header.fps if recording.header.fps else 0.04
    begin = min([first, *(float(track.times[0]) for track in tracks)])
    source, note = _film(film, len(recording) if recording.has_film else -1)
    persons = [
        _lines(track, begin, step) | _told(quality['persons'], track.id)
        for track in tracks
        if track.id in shown
    ]
    return {
        'title': recording.header.source,
        'facts': f'{len(recording)} frames, {len(tracks)} people. {_conditions(recording)}',
        'problems': recording.problems,
        'notes': recording.notes,
        'film': source,
        'film_note': note,
        'duration': max(recording.last_time - begin + step, step),
        'step': step,
        'first': [f | {'time': round(f['time'] - begin, 4)} for f in quality['label_first']],
        'persons': persons,
        'others': f'{len(tracks) - len(shown)} people who are there for fewer frames are in '
        'quality.json and poses.json.'
        if len(tracks) > len(shown)
        else '',
        'columns': COLUMNS,
        'meaning': quality['meaning'],
    }


def _film(film: Path, frames: int) -> tuple[str | None, str]:
    """Address of the film, and a sentence about it."""
    if not is_drawn_film(film) or _count_frames(film) > frames:
        return None, 'There is no film of these poses.'
    if film.stat().st_size > LARGEST_INSIDE:
        return FILM, f'The film is {FILM}, which must stay beside this page.'
    content = base64.b64encode(film.read_bytes()).decode('ascii')
    return f'data:video/mp4;base64,{content}', 'The film is inside this page.'


def _count_frames(film: Path) -> int:
    with av.open(str(film)) as container:
        return int(container.streams.video[0].frames)


def _conditions(recording: Recording) -> str:
    """Model and boxes, as far as the file says."""
    protocol = recording.header.protocol
    parts = [
        f'{name}: {protocol[name]}'
        for name in ('config', 'checkpoint', 'boxes', 'smoothing')
        if protocol.get(name)
    ]
    return '; '.join(parts)


def _told(persons: list[dict[str, Any]], identity: int) -> dict[str, Any]:
    """What ``quality.json`` says of a person, for its heading and table."""
    person = next(one for one in persons if one['id'] == identity)
    score, trembling, gaps = person['mean_score'], person['jitter'], len(person['gaps'])
    facts = [f'{person["frames"]} frames', f'mean score {score}']
    if trembling is not None:
        facts.append(f'jitter {trembling}')
    if person['doubled']:
        facts.append(f'on another person in {len(person["doubled"])}')
    if gaps:
        facts.append(f'{gaps} gap{"s" if gaps > 1 else ""}')
    rows = [
        [name, *(joint[key] for key in COLUMNS[1:])] for name, joint in person['joints'].items()
    ]
    return {'facts': ', '.join(facts), 'joints': rows}


def _lines(track: PersonTrack, begin: float, step: float) -> dict[str, Any]:
    """Time lines in no more than ``POINTS`` points: means, of jitter the greatest."""
    speed, jitter = motion(track.keypoints, track.times)
    scores = np.nan_to_num(track.scores).mean(axis=1)
    typical = float(np.median(np.diff(track.times))) if len(track.times) > 1 else step
    breaks = np.flatnonzero(np.diff(track.times) > LONGEST_GAP * typical) + 1
    parts = np.split(np.arange(len(track.times)), breaks)
    size = max(1, int(np.ceil(len(track.times) / POINTS)))
    bins: list[np.ndarray] = []
    for part in parts:
        # An empty one ends a line.
        bins.extend([*(part[n : n + size] for n in range(0, len(part), size)), part[:0]])

    def line(values: np.ndarray, summary: Callable[[np.ndarray], Any], digits: int = 3) -> list:
        known = (values[rows][np.isfinite(values[rows])] for rows in bins)
        return plain(np.array([summary(some) if len(some) else np.nan for some in known]), digits)

    blue, green, red = identity_colour(track.id)
    ends = [(track.times[part[0]], track.times[part[-1]] + typical) for part in parts]
    return {
        'id': track.id,
        'colour': f'rgb({red}, {green}, {blue})',
        'present': plain(np.array(ends) - begin, 3),
        'times': line(track.times - begin, np.mean),
        'score': line(scores, np.mean),
        'speed': line(speed / track.sizes, np.mean),
        'jitter': line(jitter, np.max),
    }
