"""Runs the checks one after the other in one snapshot, and goes on where a killed run stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from loyalty_plugin.queries.snapshot import one_snapshot
from loyalty_plugin.queries.verifying import blocks, books, guards, sources
from loyalty_plugin.queries.verifying.findings import Finding, Report

Steps = Callable[[int], Iterator[tuple[int, int, list[Finding]]]]
#: Name, what is counted, and the check.
SECTIONS: Final[tuple[tuple[str, str, Steps], ...]] = (
    ("books", "members", books.check),
    ("sources", "entries", sources.check),
    ("chain", "sealed entries", blocks.check),
)


@dataclass(slots=True)
class Checkpoint:
    """How far a run came: the section, the last id in it, and what was found so far."""

    section: str = SECTIONS[0][0]
    after: int = 0
    report: Report = field(default_factory=Report)

    def as_data(self) -> dict[str, Any]:
        """JSON-able."""
        return {"section": self.section, "after": self.after, "report": self.report.as_data()}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Checkpoint:
        """From what a killed run left; empty data begins anew."""
        if not data:
            return cls()
        return cls(data["section"], data["after"], Report.from_data(data["report"]))


def verify(
    *,
    anchor: Sequence[str] | None = None,
    start: Checkpoint | None = None,
    progress: Callable[[Checkpoint], None] = lambda checkpoint: None,
) -> Report:
    """Check everything. `anchor` are lines kept outside; `progress` is called after every step, to be resumed from.

    A resumed run reads in a snapshot of its own and checks only what the former had not reached.
    """
    at = start or Checkpoint()
    names = [name for name, _, _ in SECTIONS]
    with one_snapshot():
        for name, counted, check in SECTIONS[names.index(at.section) :]:
            if name != at.section:
                at.section, at.after = name, 0
            for position, size, findings in check(at.after):
                at.report.add(findings)
                at.report.checked[counted] = at.report.checked.get(counted, 0) + size
                at.after = position
                progress(at)
        # Quick, and of this moment: never taken from a former run.
        at.report.add(guards.check())
        if anchor is not None:
            at.report.add(blocks.check_anchor(anchor))
        at.report.checked.update(_totals())
    return at.report


def _totals() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM loyalty_plugin_member), (SELECT count(*) FROM loyalty_plugin_entry),"
            "       (SELECT count(*) FROM loyalty_plugin_block)"
        )
        members, entries, sealed = cursor.fetchone()
    return {"members": members, "entries": entries, "blocks": sealed}
