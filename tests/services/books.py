"""Programmes, members and plans for the ledger's tests, made as plainly as can be; asserts nothing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import connection

from loyalty_plugin.domain.intents import Award, Consume, Intent, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.services.posting import Posted, post
from tests.scale import PATIENCE

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
T = TypeVar("T")
_count = itertools.count(1)


def make_version(
    code: str = "club", *, max_award: int = 1_000_000, document: dict[str, Any] | None = None
) -> ProgrammeVersion:
    """A programme with one published version."""
    programme = Programme.objects.create(
        code=code, name=code, currency="EUR", timezone="Europe/Berlin", max_award=max_award
    )
    return ProgrammeVersion.objects.create(
        programme=programme,
        number=1,
        status=ProgrammeVersion.Status.PUBLISHED,
        document=document or {"tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}]},
        starts_at=NOW - 900 * DAY,
        published_at=NOW - 900 * DAY,
        created_at=NOW - 900 * DAY,
    )


@pytest.fixture
def version() -> ProgrammeVersion:
    """A programme's version for tests that want no other."""
    return make_version()


def make_members(version: ProgrammeVersion, count: int, **fields: Any) -> list[Member]:
    """Members without anything."""
    return Member.objects.bulk_create(
        Member(
            programme_id=version.programme_id,
            number=f"{next(_count):09}",
            joined_at=NOW - 900 * DAY,
            **{"verified_at": NOW - 900 * DAY, **fields},
        )
        for _ in range(count)
    )


def make_plan(version: ProgrammeVersion, member: Member | int, *intents: Intent, **fields: Any) -> Plan:
    """A plan with a key of its own unless one is given; its source is the version that promised it."""
    key = fields.pop("key", f"club|test|{next(_count)}")
    return Plan(
        key=key,
        digest=fields.pop("digest", input_digest({"intents": repr(intents)})),
        kind=fields.pop("kind", Kind.BONUS),
        programme_id=version.programme_id,
        version_id=version.pk,
        member_id=member if isinstance(member, int) else member.pk,
        occurred_at=fields.pop("occurred_at", NOW),
        intents=intents,
        source=fields.pop("source", f"version:{version.pk}"),
        **fields,
    )


def give(version: ProgrammeVersion, member: Member | int, amount: int, **terms: Any) -> Posted:
    """Award points, available at once unless the terms say otherwise."""
    [posted] = post([make_plan(version, member, Award(POINTS, amount, **terms))], recorded_at=NOW)
    return posted


def spend(version: ProgrammeVersion, member: Member | int, amount: int, **fields: Any) -> Plan:
    """A plan that spends points."""
    return make_plan(version, member, Consume(POINTS, amount), kind=Kind.SPEND, **fields)


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a query returns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def balance_of(member: Member | int, unit: str = POINTS) -> tuple[int, ...]:
    """pending, available, held, owed, earned as stored; zeros where there is no row."""
    member_id = member if isinstance(member, int) else member.pk
    found = rows(
        "SELECT pending, available, held, owed, earned FROM loyalty_plugin_balance"
        " WHERE member_id = %s AND unit = %s",
        member_id,
        unit,
    )
    return found[0] if found else (0, 0, 0, 0, 0)


def count(table: str) -> int:
    """Rows in one of the plugin's tables."""
    return int(rows(f"SELECT count(*) FROM loyalty_plugin_{table}")[0][0])


def wait_until_sealable() -> None:
    """Wait for the oldest transaction of the whole server, other databases' too, to be younger than our entries."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        [(sealable,)] = rows(
            "SELECT coalesce((SELECT pg_snapshot_xmin(pg_current_snapshot()) > xid"
            " FROM loyalty_plugin_entry ORDER BY xid DESC LIMIT 1), true)"
        )
        if sealable:
            return
        time.sleep(0.05)
    raise AssertionError("a transaction beside this test has been running for two minutes")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run all acts at the same moment, each on a thread and a connection of its own; results in order."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | BaseException:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=PATIENCE)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
