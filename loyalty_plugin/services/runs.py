"""Keeps the row of a long job: how far it came, where to go on after a crash, what came out; does no work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from loyalty_plugin import registry
from loyalty_plugin.models.jobs import JobRun


@dataclass(slots=True)
class Run:
    """One run of a job. `cursor` is where to go on, empty at the beginning; `done` counts since then."""

    id: int
    cursor: dict[str, Any]
    done: int
    result: dict[str, Any] = field(default_factory=dict)

    def advance(self, cursor: Mapping[str, Any], done: int) -> None:
        """Note progress, in the transaction that did the work: a crash then loses neither or both."""
        self.cursor = dict(cursor)
        self.done += done
        JobRun.objects.filter(pk=self.id).update(
            cursor=self.cursor, done=self.done, beat_at=registry.ports.clock.now()
        )

    def expect(self, total: int | None) -> None:
        """Note of how many it will have been at the end."""
        JobRun.objects.filter(pk=self.id).update(total=total)

    def begin_anew(self) -> None:
        """Forget how far an unfinished run had come."""
        self.cursor, self.done = {}, 0
        JobRun.objects.filter(pk=self.id).update(cursor={}, done=0, total=None)


@contextmanager
def running(name: str, total: int | None = None, *, goes_on: bool = False) -> Iterator[Run]:
    """A run of this job: the one a crash left unfinished, else a new one. Finished or failed at the end.

    With `goes_on` a new run begins where a failed one stopped. Two runs of one job at a time share the row; jobs must
    allow that, as they must allow being killed.
    """
    now = registry.ports.clock.now()
    row = JobRun.objects.filter(name=name).order_by("-pk").first()
    if row is None or row.status != JobRun.Status.RUNNING:
        left = row if goes_on and row is not None and row.status == JobRun.Status.FAILED else None
        row = JobRun.objects.create(
            name=name,
            started_at=now,
            beat_at=now,
            total=total,
            cursor=left.cursor if left else {},
            done=left.done if left else 0,
        )
    elif total is not None:
        JobRun.objects.filter(pk=row.pk).update(total=row.done + total, beat_at=now)
    run = Run(row.pk, dict(row.cursor), row.done)
    try:
        yield run
    except Exception as error:
        _end(run, JobRun.Status.FAILED, {**run.result, "error": f"{type(error).__name__}: {error}"})
        raise
    _end(run, JobRun.Status.DONE, run.result)


def _end(run: Run, status: JobRun.Status, result: Mapping[str, Any]) -> None:
    now = registry.ports.clock.now()
    JobRun.objects.filter(pk=run.id).update(
        status=status, result=dict(result), done=run.done, beat_at=now, finished_at=now
    )
