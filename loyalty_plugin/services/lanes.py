"""Works on batches side by side, each lane on a thread and a connection of its own; knows nothing of the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(work: Callable[[A], B], batches: Iterable[A], lanes: int) -> Iterator[B]:
    """The results of all batches, in order. While one lane waits for the database another may reckon.

    One lane is the caller's own thread. At most twice as many batches as there are lanes are in memory: with fewer
    waiting, a lane would stand still while the caller notes progress and looks for more.
    """
    if lanes == 1:
        for batch in batches:
            yield work(batch)
        return
    with ThreadPoolExecutor(lanes) as pool:
        try:
            waiting: deque[Future[B]] = deque()
            for batch in batches:
                waiting.append(pool.submit(work, batch))
                if len(waiting) >= 2 * lanes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            _close_connections(pool, lanes)


def _close_connections(pool: ThreadPoolExecutor, lanes: int) -> None:
    # A connection belongs to its thread, so each thread closes its own; the barrier keeps them apart.
    barrier = Barrier(lanes)

    def close() -> None:
        barrier.wait(timeout=60)
        connections.close_all()

    for closing in [pool.submit(close) for _ in range(lanes)]:
        closing.result()
