"""Nights side by side, and such that fail: everything is done once, and nothing is left open."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry
from loyalty_plugin.services.posting import end_lots
from tests.scale import PATIENCE
from tests.services.books import (
    DAY,
    NOW,
    at_once,
    balance_of,
    give,
    make_members,
    make_version,
    rows,
)

pytestmark = pytest.mark.usefixtures("fresh_db")


@pytest.fixture(autouse=True)
def _no_documents_of_other_tests(fresh_db: None) -> None:
    forget_documents()


def _connected() -> int:
    """Who is connected to this database, without the server's own helpers, which come and go."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    return int(rows(query)[0][0])


def test_lanes_side_by_side_do_everything_once_and_leave_no_connection() -> None:
    version = make_version()
    members = make_members(version, 50)
    for member in members:
        give(version, member, 10, expires_at=NOW - DAY)
    before = _connected()
    assert expiry.expire(now=NOW, batch=7, lanes=3) == expiry.Done(50)
    assert all(balance_of(member) == (0, 0, 0, 0, 10) for member in members)
    assert JobRun.objects.get().done == 50
    deadline = time.monotonic() + PATIENCE
    while _connected() > before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_lane_that_fails_ends_the_job_and_what_is_done_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty_plugin.services.expiry import nightly

    version = make_version()
    for member in make_members(version, 9):
        give(version, member, 10, expires_at=NOW - DAY)
    calls = itertools.count()

    def fails_once(*arguments: Any, **options: Any) -> Any:
        if next(calls) == 1:
            raise RuntimeError("the cable was pulled")
        return end_lots(*arguments, **options)

    monkeypatch.setattr(nightly, "end_lots", fails_once)
    with pytest.raises(RuntimeError, match="cable"):
        expiry.expire(now=NOW, batch=3, lanes=2)
    assert JobRun.objects.get().status == "failed"
    monkeypatch.undo()
    left = 9 - rows("SELECT count(*) FROM loyalty_plugin_entry WHERE kind = 'expire'")[0][0]
    assert 3 <= left < 9
    assert expiry.expire(now=NOW).done == left


def test_four_nights_at_once_expire_everything_once() -> None:
    version = make_version()
    members = make_members(version, 60)
    for member in members:
        give(version, member, 10, expires_at=NOW - DAY)
    results = at_once([lambda: expiry.expire(now=NOW, batch=7) for _ in range(4)])
    assert all(isinstance(result, expiry.Done) for result in results), results
    assert rows(
        "SELECT count(*), count(DISTINCT member_id) FROM loyalty_plugin_entry WHERE kind = 'expire'"
    ) == [(60, 60)]
    assert all(balance_of(member) == (0, 0, 0, 0, 10) for member in members)
