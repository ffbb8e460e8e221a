"""Films on Ray's actors: by a stand-in for its few calls, and by itself where it is installed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from jmpose_mm.errors import UsageError
from jmpose_mm.video.files.pose_files import PoseFile
from jmpose_mm.video.files.recordings import PoseHeader, Recording, read_poses
from jmpose_mm.video.film_lists import FilmMaker, film_names
from jmpose_mm.video.film_tables import FilmRow, tabled
from jmpose_mm.video.ray_actors import rows_by_ray
from jmpose_mm.video.records import FramePoses
from jmpose_mm.visualization.skeleton import Skeleton

FILMS = ['a.mp4', 'bad.mp4', 'c.mp4', 'lost.mp4', 'e.mp4']


class Lost(Exception):
    """What Ray raises in the place of a result whose actor is gone."""


class StandIn(ModuleType):
    """Ray without processes: a method runs where its result is asked for, the last one first."""

    exceptions = SimpleNamespace(RayError=Lost)

    def __init__(self, gpus: int) -> None:
        super().__init__('ray')
        self.gpus, self.calls, self.made = gpus, list[str](), list[dict[str, Any]]()

    def init(self, **settings: Any) -> None:
        if settings.get('address') == 'nowhere:1':
            raise ConnectionError('nobody answers')
        self.calls.append('init')

    def shutdown(self) -> None:
        self.calls.append('shutdown')

    def cluster_resources(self) -> dict[str, float]:
        return {'CPU': 2.0, 'GPU': self.gpus}

    def remote(self, kind: Callable[..., Any]) -> Any:
        def create(*arguments: Any) -> Any:
            actor = kind(*arguments)

            def row(*given: Any) -> Callable[[], Any]:
                def result() -> Any:
                    if given[0] == 'lost.mp4':
                        raise Lost('in f(pid=7):\nthe actor died')
                    return actor.row(*given)

                return result

            return SimpleNamespace(row=SimpleNamespace(remote=row))

        def options(**given: Any) -> Any:
            self.made.append(given)
            return SimpleNamespace(remote=create)

        return SimpleNamespace(options=options)

    def wait(self, making: list[Any]) -> tuple[list[Any], list[Any]]:
        return making[-1:], making[:-1]

    def get(self, result: Callable[[], Any]) -> Any:
        return result()


def making(mark: Path | None = None) -> FilmMaker:
    """Makes films of one frame; the first process that comes to `mark` is killed there."""

    def make(film: str, folder: Path) -> Recording:
        if film == 'bad.mp4':
            raise UsageError('bad.mp4: expected a video, found something else')
        if film == 'lost.mp4' and mark is not None and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        with PoseFile(folder / 'poses.json', PoseHeader(film, 5, Skeleton(('a',), ()), {})) as file:
            file.add(None, FramePoses(0, 0, '', (9, 9), ()))
        return read_poses(folder / 'poses.json')

    return FilmMaker(make)


def made(folder: Path, load: Callable[[], FilmMaker]) -> dict[str, FilmRow]:
    """The rows of all films, by film."""
    places = {film: folder / name for film, name in film_names(FILMS).items()}
    rows = tabled(rows_by_ray(FILMS, places, load), folder / 'summary.csv')
    assert len((folder / 'summary.csv').read_text().splitlines()) == 1 + len(rows)
    return {row.film: row for row in rows}


@pytest.mark.parametrize('gpus', [0, 1])
def test_rows_by_ray__one_actor_for_each_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: int
) -> None:
    stand_in, loaded = StandIn(gpus), []
    monkeypatch.setitem(sys.modules, 'ray', stand_in)

    def load() -> FilmMaker:
        loaded.append(1)
        return making()

    rows = made(tmp_path, load)
    assert len(loaded) == (gpus or 2)  # once for an actor, not for a film
    assert {(made['num_gpus'], made['num_cpus']) for made in stand_in.made} == {(gpus, 1 - gpus)}
    assert {film: row.state for film, row in rows.items()} == {
        'a.mp4': 'done',
        'bad.mp4': 'failed',
        'c.mp4': 'done',
        'lost.mp4': 'failed',
        'e.mp4': 'done',
    }
    assert rows['lost.mp4'].problems == 'its worker was lost: the actor died'
    assert rows['bad.mp4'].problems == 'bad.mp4: expected a video, found something else'
    assert stand_in.calls == ['init', 'shutdown']


def test_rows_by_ray__says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(UsageError, match=r"pip install 'jmpose_mm\[ray\]'"):
        next(rows_by_ray(['a.mp4'], {}, making))
    monkeypatch.setitem(sys.modules, 'ray', StandIn(0))
    with pytest.raises(UsageError, match="got 'nowhere:1': nobody answers"):
        next(rows_by_ray(['a.mp4'], {}, making, address='nowhere:1'))


def test_rows_by_ray__a_killed_worker_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip('ray', reason="needs pip install 'jmpose_mm[ray]'")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setenv('RAY_worker_niceness', '0')
    mark = tmp_path / 'killed'
    rows = made(tmp_path, lambda: making(mark))
    assert mark.exists()
    assert {film for film, row in rows.items() if row.state == 'done'} == {*FILMS} - {'bad.mp4'}
    single = making()('lost.mp4', tmp_path / 'single')
    assert (tmp_path / 'lost' / 'poses.json').read_bytes() == single.path.read_bytes()
