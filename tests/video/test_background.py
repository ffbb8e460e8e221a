"""Threads that run ahead or behind: order, bounds, errors, and that they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from jmpose_mm.video.frames.background import BackgroundCalls, read_ahead


class Source:
    """Counts how far it was read, and notices that it is closed."""

    def __init__(self, count: int, fails_at: int = -1) -> None:
        self.made, self.closed, self.count, self.fails_at = 0, False, count, fails_at
        self.thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[int]:
        self.thread = threading.current_thread()
        try:
            for number in range(self.count):
                if number == self.fails_at:
                    raise OSError('the cable is out')
                self.made += 1
                yield number
        finally:
            self.closed = True

    def settled(self) -> int:
        """How many items were made when nothing more is made."""
        made = -1
        while made != self.made:
            made = self.made
            time.sleep(0.05)
        return made


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def interrupted(items: Iterator[int]) -> None:
    for _ in items:
        raise KeyboardInterrupt


def test_read_ahead__all_items_in_order_from_another_thread() -> None:
    source = Source(20)
    assert list(read_ahead(source, 3)) == list(range(20))
    assert source.closed
    assert source.thread is not threading.main_thread()
    assert 'read-ahead' not in threads()


def test_read_ahead__is_ahead_by_so_many_and_no_more() -> None:
    source = Source(20)
    items = read_ahead(source, 3)
    assert source.made == 0
    assert next(items) == 0
    assert source.settled() == 1 + 3
    assert next(items) == 1
    assert source.settled() == 2 + 3
    items.close()


def test_read_ahead__an_error_comes_after_what_was_before_it() -> None:
    found = []
    with pytest.raises(OSError, match='the cable is out'):
        found.extend(read_ahead(Source(9, fails_at=4), 8))
    assert found == [0, 1, 2, 3]
    assert 'read-ahead' not in threads()


@pytest.mark.parametrize('how', ['break', 'error', 'close'])
def test_read_ahead__a_consumer_that_stops_ends_everything(how: str) -> None:
    source = Source(10**9)
    numbers = iter(source)  # held on to: it does not end by being forgotten
    if how == 'break':
        for _ in read_ahead(numbers, 2):
            break
    elif how == 'close':
        items = read_ahead(numbers, 2)
        next(items)
        items.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            interrupted(read_ahead(numbers, 2))
    assert source.closed
    assert 'read-ahead' not in threads()


def test_background_calls__are_made_in_order_and_waited_for() -> None:
    made = []

    def slow(number: int, word: str) -> None:
        time.sleep(0.01)
        made.append((number, word, threading.current_thread() is threading.main_thread()))

    calls = BackgroundCalls(slow, 2)
    for number in range(6):
        calls(number, 'x')
    assert len(made) < 6
    calls.close()
    assert made == [(number, 'x', False) for number in range(6)]
    calls.close()
    assert 'background-calls' not in threads()


def test_background_calls__so_many_may_wait() -> None:
    go = threading.Event()
    calls = BackgroundCalls(lambda number: go.wait(), 2)
    given = []

    def give() -> None:
        for number in range(4):
            calls(number)
            given.append(number)

    giver = threading.Thread(target=give)
    giver.start()
    giver.join(0.2)
    assert given == [0, 1, 2]  # one is being made, two wait
    go.set()
    giver.join()
    calls.close()


def test_background_calls__an_error_comes_once_and_ends_the_work() -> None:
    made, failed = [], threading.Event()

    def fail(number: int) -> None:
        made.append(number)
        failed.set()
        raise OSError(f'no space for {number}')

    calls = BackgroundCalls(fail, 1)
    calls(0)
    failed.wait()
    while calls._error is None:
        time.sleep(0.001)
    with pytest.raises(OSError, match='no space for 0'):
        calls(1)
    for number in range(2, 9):  # taken, not made: nobody hangs
        calls(number)
    calls.close()
    assert made == [0]
    late = BackgroundCalls(fail, 1)
    late(7)
    with pytest.raises(OSError, match='no space for 7'):
        late.close()
