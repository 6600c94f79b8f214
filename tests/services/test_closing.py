"""Points of a deleted account have a stated end: not before that day is over, and nothing that comes back later stays."""

from __future__ import annotations

from datetime import date, timedelta

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.intents import Hold, Plan, Release
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Balance, Entry, Lot
from loyalty_plugin.models.members import Member
from loyalty_plugin.services import expiry, members, posting
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme

RULES = document(closed_days=30, expiry={"kind": "never"}, pending={"starts": "none", "window_days": 0})
OVER = NOW + timedelta(days=31)


def points(of: Member) -> tuple[int, int, int]:
    row = Balance.objects.get(member=of, unit=POINTS)
    return row.pending, row.available, row.held


def act(of: Member, key: str, kind: Kind, *intents: Hold | Release) -> None:
    entry = Entry.objects.filter(member_id=of.pk).latest("pk")
    plan = Plan(key, input_digest({}), kind, of.programme_id, entry.version_id, of.pk, NOW, intents)
    posting.post([plan], recorded_at=NOW)


def test_points_of_a_deleted_account_end_after_the_stated_day(fresh_db: None):
    of = member(programme(RULES))
    apply_orders([order(of)], now=NOW)
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    of.refresh_from_db()
    assert of.points_end_on == date(2026, 4, 1)
    assert AuditRecord.objects.get(operation="member.leave").detail == {"points_end": "2026-04-01"}
    expiry.end_closed(now=NOW + timedelta(days=30))
    assert points(of) == (0, 100, 0)
    assert expiry.end_closed(now=OVER) == 1
    assert points(of) == (0, 0, 0)
    assert Entry.objects.latest("pk").kind == "expire"
    assert expiry.end_closed(now=OVER) == 0


def test_what_comes_back_later_ends_too(fresh_db: None):
    of = member(programme(RULES))
    fact = order(of)
    apply_orders([fact], now=NOW)
    lot = Lot.objects.get(member_id=of.pk, unit=POINTS)
    act(of, "hold", Kind.HOLD, Hold(POINTS, 40))
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    expiry.end_closed(now=OVER)
    assert points(of) == (0, 0, 40)
    act(of, "release", Kind.RELEASE, Release(POINTS, ((lot.pk, 40),)))
    assert points(of) == (0, 40, 0)
    assert expiry.end_closed(now=OVER) == 1
    assert points(of) == (0, 0, 0)


def test_who_is_still_there_keeps_theirs(fresh_db: None):
    of = member(programme(RULES))
    apply_orders([order(of)], now=NOW)
    assert expiry.end_closed(now=NOW + timedelta(days=4000)) == 0
    assert points(of) == (0, 100, 0)
