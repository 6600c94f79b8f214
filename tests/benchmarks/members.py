"""A programme and as many members as a bench asks for; made by rows, since only what follows is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from tests.benchmarks.world import SQL

NOW: Final = datetime(2026, 3, 10, 12, tzinfo=UTC)
LONG_AGO: Final = datetime(2024, 1, 1, tzinfo=UTC)
BASIC: Final[dict[str, Any]] = {"tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}]}


def fill(members: int, document: dict[str, Any] | None = None, **fields: Any) -> None:
    """Programme 1 with version 1 and members 1 to `members`, each with empty balances."""
    programme = Programme.objects.create(
        pk=1, code="club", name="Club", currency="EUR", timezone="Europe/Berlin", max_award=1_000_000
    )
    ProgrammeVersion.objects.create(
        pk=1,
        programme=programme,
        number=1,
        status=ProgrammeVersion.Status.PUBLISHED,
        document=document or BASIC,
        starts_at=LONG_AGO,
        published_at=LONG_AGO,
        created_at=LONG_AGO,
    )
    Member.objects.create(
        pk=1,
        programme=programme,
        number="1",
        joined_at=LONG_AGO,
        verified_at=LONG_AGO,
        tier="basic",
        **fields,
    )
    multiply(members)


def multiply(members: int, patterns: int = 1) -> None:
    """Make members up to `members` as copies of the first so many, in turn."""
    make_rows("members.sql", count=members, patterns=patterns)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def make_rows(script: str, **sizes: int) -> None:
    """Run a script that fills tables. Foreign keys are not checked again row by row, which would take longer than
    all else: what is made points to what is made with it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute((SQL / script).read_text() % sizes)
        cursor.execute("SET session_replication_role = DEFAULT")
