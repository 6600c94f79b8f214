"""Points that staff take from all at once, and expired ones that they bring back: shown first, each once and no more."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import (
    AwardNeedsApproval,
    DateOutOfRange,
    InvalidInput,
    LotUnavailable,
    PermissionDenied,
)
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry
from loyalty_plugin.services.posting import post
from tests.services.books import (
    DAY,
    NOW,
    balance_of,
    count,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
    spend,
)

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, "clerk", permissions=frozenset({"adjust_points"}))
MANAGER = Actor(ActorKind.STAFF, "manager", permissions=frozenset({"clear_points"}))


@pytest.fixture(autouse=True)
def _no_documents_of_other_tests() -> None:
    forget_documents()


class TestClearing:
    def test_it_shows_first_and_then_takes_what_was_earned_up_to_that_day(
        self, version: ProgrammeVersion
    ) -> None:
        other = make_version("other")
        one, two, later = make_members(version, 3)
        [elsewhere] = make_members(other, 1)
        give(version, one, 10)
        give(version, one, 7, matures_at=NOW + 9 * DAY)
        give(version, two, 5)
        give(other, elsewhere, 5)
        from loyalty_plugin.domain.intents import Award

        post([make_plan(version, later, Award(POINTS, 99), occurred_at=NOW + DAY)], recorded_at=NOW)
        on, now = NOW.date(), NOW + 2 * DAY
        what = {"programme_id": version.programme_id, "on": on, "now": now}
        expected = expiry.Cleared(members=2, available=15, pending=7)
        assert expiry.clear(MANAGER, **what, preview=True) == expected
        assert balance_of(one) == (7, 10, 0, 0, 17)
        assert expiry.clear(MANAGER, **what, batch=1) == expected
        assert expiry.clear(MANAGER, **what) == expiry.Cleared()
        assert [balance_of(member)[:2] for member in (one, two, later, elsewhere)] == [
            (0, 0),
            (0, 0),
            (0, 99),
            (0, 5),
        ]
        assert rows("SELECT DISTINCT destination FROM loyalty_plugin_posting WHERE source = 'pending'") == [
            ("cleared",)
        ]
        assert rows("SELECT operation, target FROM loyalty_plugin_auditrecord")[0] == (
            "points.clear",
            f"programme:{version.programme_id}",
        )

    def test_a_day_that_is_not_over_in_the_programme(self, version: ProgrammeVersion) -> None:
        with pytest.raises(DateOutOfRange):
            expiry.clear(SYSTEM, programme_id=version.programme_id, on=NOW.date(), now=NOW)

    def test_staff_without_the_permission(self, version: ProgrammeVersion) -> None:
        for preview in (True, False):
            with pytest.raises(PermissionDenied):
                expiry.clear(
                    CLERK, programme_id=version.programme_id, on=date(2020, 1, 1), now=NOW, preview=preview
                )


class TestBringingBack:
    def test_expired_points_come_back_once_as_a_new_lot_with_a_stated_life(
        self, version: ProgrammeVersion
    ) -> None:
        [member] = make_members(version, 1)
        [lot] = give(version, member, 50, expires_at=NOW).lots
        post([spend(version, member, 20)], recorded_at=NOW)
        expiry.expire(now=NOW)
        back = expiry.bring_back(MANAGER, lot_ids=[lot.id], life_days=30, now=NOW)
        assert (len(back.entries), back.points) == (1, 30)
        assert balance_of(member) == (0, 30, 0, 0, 50)  # earned once, not twice
        ends = datetime(2026, 4, 10, tzinfo=ZoneInfo("Europe/Berlin"))
        assert rows(
            "SELECT amount, expires_at, origin_lot_id FROM loyalty_plugin_lot ORDER BY id DESC LIMIT 1"
        ) == [(30, ends, lot.id)]
        assert expiry.bring_back(MANAGER, lot_ids=[lot.id], life_days=30, now=NOW) == expiry.BroughtBack(
            (), 0
        )
        # What expired again may come back again, from the new lot.
        expiry.expire(now=ends)
        [(new,)] = rows("SELECT max(id) FROM loyalty_plugin_lot")
        assert expiry.bring_back(MANAGER, lot_ids=[lot.id, new], life_days=0, now=ends).points == 30

    def test_what_was_cleared_comes_back_too(self, version: ProgrammeVersion) -> None:
        [member] = make_members(version, 1)
        [lot] = give(version, member, 50).lots
        expiry.clear(SYSTEM, programme_id=version.programme_id, on=NOW.date(), now=NOW + DAY)
        assert expiry.bring_back(SYSTEM, lot_ids=[lot.id], life_days=1, now=NOW + DAY).points == 50
        assert balance_of(member) == (0, 50, 0, 0, 50)

    def test_refusals(self, version: ProgrammeVersion) -> None:
        [member] = make_members(version, 1)
        [lot] = give(version, member, 50, expires_at=NOW).lots
        expiry.expire(now=NOW)
        for life in (-1, 10**6, 1.5, True):
            with pytest.raises(InvalidInput):
                expiry.bring_back(SYSTEM, lot_ids=[lot.id], life_days=life, now=NOW)  # type: ignore[arg-type]
        with pytest.raises(LotUnavailable):
            expiry.bring_back(SYSTEM, lot_ids=[lot.id, 999_999], life_days=1, now=NOW)
        with pytest.raises(PermissionDenied):
            expiry.bring_back(CLERK, lot_ids=[lot.id], life_days=1, now=NOW)
        rows("UPDATE loyalty_plugin_programme SET max_award = 49 RETURNING 1")
        with pytest.raises(AwardNeedsApproval):
            expiry.bring_back(SYSTEM, lot_ids=[lot.id], life_days=1, now=NOW)
        assert count("entry") == 2
