"""Runs the proof of the ledger with its progress in a job's row, so that a killed one goes on; mends nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from django.db import connections

from loyalty_plugin.queries import verifying
from loyalty_plugin.services import runs

NAME: Final = "verify"
#: Seconds between two notes of progress.
_NOTE: Final = 1.0
T = TypeVar("T")


def verify(
    *,
    anchor: Sequence[str] | None = None,
    fresh: bool = False,
    tell: Callable[[verifying.Checkpoint], None] = lambda at: None,
) -> verifying.Report:
    """Check everything, from where a killed run stopped unless `fresh`. `anchor`: lines kept outside."""
    noted = time.monotonic()
    with _beside() as beside:
        running = runs.running(NAME)
        run = beside(running.__enter__)
        start = verifying.Checkpoint.from_data({} if fresh else run.cursor)

        def progress(at: verifying.Checkpoint) -> None:
            nonlocal noted
            if time.monotonic() - noted >= _NOTE:
                noted = time.monotonic()
                beside(run.advance, at.as_data(), 0)
                tell(at)

        # Where this raises, the row is left as it is: the next run goes on from the last note.
        report = verifying.verify(anchor=anchor, start=start, progress=progress)
        run.result = report.as_data()
        beside(running.__exit__, None, None, None)
    return report


@contextmanager
def _beside() -> Iterator[Callable[..., Any]]:
    """Runs functions on a connection of its own: the snapshot's transaction is read-only and would hide notes."""
    with ThreadPoolExecutor(max_workers=1) as pool:

        def call(function: Callable[..., T], *arguments: Any) -> T:
            return pool.submit(function, *arguments).result()

        try:
            yield call
        finally:
            call(connections.close_all)
