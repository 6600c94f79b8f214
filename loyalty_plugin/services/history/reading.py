"""Reads a long list of the shop page by page, the next pages on a thread while the caller works on this one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from django.db import connections

from loyalty_plugin.domain.facts import Page
from loyalty_plugin.errors import TryLater

T = TypeVar("T")
#: How long to wait before a page is asked for again, in seconds; then the reading is given up.
PAUSES: Final = (1.0, 5.0, 15.0)
#: Pages in memory besides the one that is being worked on: a page that takes long must not leave the shop unasked.
AHEAD: Final = 3


def pages(read: Callable[[str], Page[T]], after: str = "") -> Iterator[Page[T]]:
    """All pages from a cursor on, in order, each asked for once the one before it is there.

    Raises TryLater once the shop has not answered for a while; what was read before that is given first.
    """
    cursor: str | None = after

    def following() -> Page[T] | None:
        # Only the pool's one thread comes here, so one page after the other, whatever waits.
        nonlocal cursor
        if cursor is None:
            return None
        asked, cursor = cursor, None
        page = _patiently(read, asked)
        cursor = page.cursor if page.more else None
        return page

    with ThreadPoolExecutor(1, "history") as pool:
        coming = deque(pool.submit(following) for _ in range(AHEAD))
        try:
            while (page := coming.popleft().result()) is not None:
                coming.append(pool.submit(following))
                yield page
        finally:
            for waiting in coming:
                waiting.cancel()
            # A connection belongs to its thread, so the thread closes its own.
            pool.submit(connections.close_all)


def _patiently(read: Callable[[str], Page[T]], after: str) -> Page[T]:
    for pause in PAUSES:
        try:
            return read(after)
        except TryLater:
            time.sleep(pause)
    return read(after)
