"""Several films on the actors of a Ray cluster; Ray is optional.

The actors share the file system of the command that starts them: paths are as seen from there.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jmpose_mm.errors import UsageError, cut
from jmpose_mm.video.film_lists import FilmMaker, film_row
from jmpose_mm.video.film_tables import FilmRow

__all__ = ['FilmActor', 'rows_by_ray']

LOCAL = 'local'
RUNS = 3  # of a film whose worker is lost, before it is given up


class FilmActor:
    """What a worker holds: a model that it loaded once.

    Args:
        load: Loads the model, and returns what makes a film with it.
        folder: Folder that relative paths start from.
    """

    def __init__(self, load: Callable[[], FilmMaker], folder: str) -> None:
        os.chdir(folder)
        self._make = load()

    def row(self, film: str, folder: Path, overwrite: bool) -> FilmRow:
        """Make a film; see :func:`film_row`."""
        return film_row(film, folder, self._make, overwrite)


def rows_by_ray(
    films: Sequence[str],
    folders: dict[str, Path],
    load: Callable[[], FilmMaker],
    overwrite: bool = False,
    address: str = LOCAL,
) -> Iterator[FilmRow]:
    """Make films on one actor for each GPU of a cluster, or for each core where it has none.

    An actor that is lost starts anew, and its film runs again, ``RUNS`` times in all; what the lost
    one had finished of it is kept.

    Args:
        films: Names of the films.
        folders: Folder of each film.
        load: Loads the model; is sent to the actors.
        overwrite: Make finished films again.
        address: Address of a cluster, ``'auto'`` for the one that runs on this machine, or
            ``'local'`` for one that is started for this call.

    Yields:
        The row of each film, as they are done.

    Raises:
        UsageError: Ray is missing, or there is no such cluster.
    """
    with _cluster(address) as ray:
        waiting, making = deque(dict.fromkeys(films)), dict[Any, Any]()
        free = _actors(ray, load, len(waiting))
        while waiting or making:
            while free and waiting:
                actor, film = free.pop(), waiting.popleft()
                making[actor.row.remote(film, folders[film], overwrite)] = actor, film
            (done, *_), _ = ray.wait(list(making))
            actor, film = making.pop(done)
            free.append(actor)
            try:
                yield ray.get(done)
            except ray.exceptions.RayError as error:
                # Ray tells the way of an error first, and what it was in its last line.
                said = f'its worker was lost: {cut(str(error).splitlines()[-1], 200)}'
                yield FilmRow(film, folders[film].name, 'failed', 0, 0, 0.0, said)


def _actors(ray: Any, load: Callable[[], FilmMaker], films: int) -> list[Any]:
    found = ray.cluster_resources()
    gpus, cores = int(found.get('GPU', 0)), int(found.get('CPU', 0))
    kind = ray.remote(FilmActor).options(
        num_cpus=0 if gpus else 1,
        num_gpus=1 if gpus else 0,
        max_restarts=-1,
        max_task_retries=RUNS - 1,
    )
    count = max(1, min(gpus or cores, films))
    return [kind.remote(load, os.getcwd()) for _ in range(count)]


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Ray, connected."""
    try:
        import ray
    except ImportError:
        raise UsageError(
            "ray: expected Ray to be installed, got none; pip install 'jmpose_mm[ray]'"
        ) from None
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    settings = {'include_dashboard': False} if address == LOCAL else {'address': address}
    try:
        # Bars of several films at a time would run into each other.
        environment = {'env_vars': {'TQDM_DISABLE': '1'}}
        ray.init(log_to_driver=False, runtime_env=environment, **settings)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(
            f'ray: expected the address of a cluster, got {address!r}: {cut(error, 200)}'
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()
