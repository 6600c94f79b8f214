"""What each kind of order means for points, as docs/orders.md tells it: one test for each of its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import members, previews, programmes
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import Applied, apply_orders
from tests.factories import NOW, document, line, member, order, programme, realm

pytestmark = pytest.mark.django_db


def later(hours: int = 1) -> Any:
    return NOW + timedelta(hours=hours)


def apply(fact: OrderFact, hours: int = 0, **changes: Any) -> Applied:
    """Apply the order as it is so many hours later."""
    at = later(hours)
    return apply_orders([replace(fact, updated_at=at, **changes)], now=at)[0]


def points(of: Member) -> int:
    row = Balance.objects.get(member=of, unit=POINTS)
    return row.pending + row.available + row.owed


def spend(of: Member) -> int:
    return sum(TierFact.objects.filter(member=of, metric="spend").values_list("amount", flat=True))


def test_paid_after_months_it_earns_by_the_version_of_that_day():
    club = programme()
    of = member(club)
    fact = order(of, at=NOW - timedelta(days=200), charged=0, paid_at=None)
    assert apply(fact).outcome == steps.NOT_PAID
    rules = document()
    rules["earning"]["rules"][0]["params"]["points"] = 5
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=rules, now=later(1))
    previews.look(SYSTEM, version_id=draft.pk, starts_at=later(1), now=later(1))
    programmes.publish(SYSTEM, version_id=draft.pk, now=later(1))
    assert apply(fact, 3, charged=10_000, paid_at=later(2)).points == 500
    assert Entry.objects.get(kind="earn").occurred_at == later(2)


def test_a_charge_back_takes_its_share_and_what_comes_back_gives_it_again():
    of = member(programme())
    fact = order(of)
    assert apply(fact).points == 100
    assert apply(fact, 1, charged=4_000, refunded=6_000).points == 40
    assert apply(fact, 2, charged=0, refunded=10_000).outcome == steps.NOTHING_EARNED
    assert apply(fact, 3, charged=10_000, refunded=0).points == 100
    assert (points(of), spend(of)) == (100, 10_000)


def test_a_cancelled_order_that_saleor_revives_stands_again():
    of = member(programme())
    fact = order(of)
    apply(fact)
    assert apply(fact, 1, cancelled=True, status="CANCELED").outcome == steps.CANCELLED
    assert points(of) == 0
    assert apply(fact, 2).points == 100
    assert points(of) == 100


@pytest.mark.parametrize("paid_as_draft", [True, False])
def test_a_draft_earns_when_it_is_completed_and_paid(paid_as_draft: bool):
    of = member(programme())
    fact = order(of, origin="draft")
    money = {} if paid_as_draft else {"charged": 0, "paid_at": None}
    assert apply(fact, 0, status="DRAFT", **money).outcome == steps.DRAFT
    assert not Entry.objects.exists()
    assert apply(fact, 1).points == 100


def test_an_order_that_is_not_confirmed_may_still_change_and_earns_when_it_can_not_any_more():
    of = member(programme())
    fact = order(of)
    assert apply(fact, 0, status="UNCONFIRMED").outcome == steps.NOT_CONFIRMED
    edited = replace(order(of, 8_000), order_id=fact.order_id)
    assert apply(edited, 1, status="UNCONFIRMED", charged=8_000, refunded=2_000).points == 0
    assert apply(edited, 2, charged=8_000, refunded=2_000).points == 80


def test_an_order_whose_total_changes_after_all_keeps_its_share_of_the_money():
    of = member(programme())
    fact = order(of)
    apply(fact)
    edited = replace(fact, total_gross=8_000, lines=(line(8_000),))
    assert apply(edited, 1, charged=8_000, refunded=2_000).points == 80


@pytest.mark.parametrize(
    ("since", "outcome"), [(None, steps.IMPORTED), ("2026-03-03", steps.IMPORTED), ("2026-03-02", "")]
)
def test_imported_orders_earn_from_a_day_on(since: str | None, outcome: str):
    of = member(programme(document(imported_from=since)))
    assert apply(order(of, origin="bulk_create")).outcome == outcome


def test_a_transferred_order_stays_with_whom_it_was_first():
    club = programme()
    first, second = member(club), member(club)
    fact = order(first)
    apply(fact)
    apply(fact, 1, user_id=second.external_id, user_email=second.email)
    assert (points(first), points(second)) == (100, 0)
    apply(fact, 2, user_id=second.external_id, charged=5_000, refunded=5_000)
    assert (points(first), points(second)) == (50, 0)


def test_an_order_of_an_account_that_is_gone_is_still_refunded():
    of = member(programme())
    fact = order(of)
    apply(fact)
    members.leave(SYSTEM, member_ids=[of.pk], now=later(1))
    assert apply(fact, 2, user_id="", charged=5_000, refunded=5_000).points == 50
    assert points(of) == 50
    assert apply(order(of), 3).outcome == steps.FROZEN


def test_a_guest_order_with_a_members_e_mail_waits_for_the_terms():
    of = member(programme(document(claims={"days": 30, "orders": 5})), verified=False)
    fact = order(of, user_id="")
    assert apply(fact).outcome == steps.NOT_A_MEMBER
    assert points(of) == 0
    assert OrderRecord.objects.get().contact


def test_an_order_marked_as_a_test_gives_back_what_it_earned():
    of = member(programme())
    fact = order(of)
    apply(fact)
    assert apply(fact, 1, test=True).outcome == steps.TEST_ORDER
    assert (points(of), spend(of)) == (0, 0)
    assert apply(fact, 2).points == 100
    assert apply(order(of), 0, test=True).outcome == steps.TEST_ORDER


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"currency": "USD"}, steps.OTHER_CURRENCY),
        ({"total_gross": 0, "charged": 0}, steps.ZERO_VALUE),
        ({"charged": 9_999}, steps.NOT_PAID),
        ({"cancelled": True}, steps.CANCELLED),
    ],
)
def test_what_earns_nothing(changes: dict[str, Any], outcome: str):
    of = member(programme(document(hand_paid="counts")))
    assert apply(order(of), 0, **changes).outcome == outcome
    assert not Entry.objects.exists()
    assert not Request.objects.exists()


def test_a_saleor_that_is_not_live_books_nothing():
    of = member(programme())
    staging = realm("https://staging.example/graphql/", live=False)
    assert apply(replace(order(of), realm=staging.api_url)).outcome == steps.STAGING


def test_every_outcome_is_told():
    told = (Path(__file__).parents[2] / "docs" / "orders.md").read_text()
    codes = [value for name, value in vars(steps).items() if name.isupper() and isinstance(value, str)]
    assert len(codes) > 15
    assert [code for code in codes if f"`{code}`" not in told] == []
