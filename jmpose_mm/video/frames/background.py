"""Work beside the inference: frames are decoded before, drawn and encoded after they are needed.

Both directions hold a bounded number of frames, so that memory does not depend on the video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from queue import Queue, SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Any, TypeVar

__all__ = ['BackgroundCalls', 'read_ahead']

T = TypeVar('T')


def read_ahead(items: Iterable[T], depth: int) -> Iterator[T]:
    """The same items, made by a thread that is up to ``depth`` of them ahead.

    An error in ``items`` comes where its item would have. When the consumer stops early (``break``,
    an error, Ctrl-C, ``close()``), the thread ends and ``items``, if a generator, is closed.
    """
    ready: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    free, stop = Semaphore(depth), Event()

    def fill() -> None:
        source = iter(items)
        try:
            # A place first: the item after the last free place is not even begun.
            while free.acquire() and not stop.is_set():
                ready.put(('item', next(source)))
        except StopIteration:
            ready.put(('end', None))
        except BaseException as error:
            ready.put(('error', error))
        finally:
            if hasattr(source, 'close'):
                source.close()

    thread = Thread(target=fill, name='read-ahead', daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == 'end':
                return
            if kind == 'error':
                raise value
            free.release()
            yield value
    finally:
        stop.set()
        # Wakes the thread where it waits for a place.
        free.release()
        thread.join()


class BackgroundCalls:
    """Calls of a function that a thread makes later, in order.

    Args:
        function: Function whose result is not kept.
        depth: So many calls may wait; one more waits for a place.
    """

    def __init__(self, function: Callable[..., Any], depth: int) -> None:
        self._function = function
        self._waiting: Queue[tuple[Any, ...] | None] = Queue(depth)
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name='background-calls', daemon=True)
        self._thread.start()

    def __call__(self, *arguments: Any) -> None:
        """Ask for a call; raises what an earlier one raised."""
        self._raise()
        self._waiting.put(arguments)

    def close(self) -> None:
        """Wait for the calls that were asked for; raises what one of them raised, once."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        self._raise()

    def _run(self) -> None:
        failed = False
        while (arguments := self._waiting.get()) is not None:
            if not failed:  # after an error, calls are taken and dropped: nobody hangs
                try:
                    self._function(*arguments)
                except BaseException as error:
                    self._error, failed = error, True

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
