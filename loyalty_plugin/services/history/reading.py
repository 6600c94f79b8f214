"""Reads a long list of the shop page by page, the next page on a thread while the caller works on this one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from django.db import connections

from loyalty_plugin.domain.facts import Page
from loyalty_plugin.errors import TryLater

T = TypeVar("T")
#: How long to wait before a page is asked for again, in seconds; then the reading is given up.
PAUSES: Final = (1.0, 5.0, 15.0)


def pages(read: Callable[[str], Page[T]], after: str = "") -> Iterator[Page[T]]:
    """All pages from a cursor on, in order; one more than is being worked on is in memory.

    Raises TryLater once the shop has not answered for a while.
    """
    with ThreadPoolExecutor(1, "history") as pool:
        try:
            coming = pool.submit(_patiently, read, after)
            while True:
                page = coming.result()
                if page.more:
                    coming = pool.submit(_patiently, read, page.cursor)
                yield page
                if not page.more:
                    return
        finally:
            # A connection belongs to its thread, so the thread closes its own.
            pool.submit(connections.close_all)


def _patiently(read: Callable[[str], Page[T]], after: str) -> Page[T]:
    for pause in PAUSES:
        try:
            return read(after)
        except TryLater:
            time.sleep(pause)
    return read(after)
