"""Refunds at odd times: while an award waits, after expiry, before the order was ever seen; nothing is made or lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.intents import Consume, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.models.ledger import Balance, Entry, Lot
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.programmes import CampaignBudget, ProgrammeChannel
from loyalty_plugin.models.requests import Request
from loyalty_plugin.queries import projections
from loyalty_plugin.queries.verifying import sources
from loyalty_plugin.services import approvals, expiry, members, posting, windows
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme
from tests.services.test_adjustments import staff

pytestmark = pytest.mark.django_db
CAFE = {"starts": "none"}


def balance(of: Member) -> Balance:
    return Balance.objects.get(member=of, unit=POINTS)


def left(fact: OrderFact, charged: int, hours: int, **more) -> OrderFact:
    """The order some hours later, with this much of the money still there."""
    gone = fact.total_gross - charged
    return replace(fact, charged=charged, refunded=gone, updated_at=NOW + timedelta(hours=hours), **more)


def see(fact: OrderFact) -> str:
    return apply_orders([fact], now=max(NOW, fact.updated_at))[0].outcome


def spend(of: Member, points: int) -> None:
    entry = Entry.objects.filter(member=of).latest("pk")
    plan = Plan(
        f"spend|{of.pk}|{points}",
        input_digest({"n": points}),
        Kind.SPEND,
        entry.programme_id,
        entry.version_id,
        of.pk,
        NOW,
        (Consume(POINTS, points),),
    )
    posting.post([plan], recorded_at=NOW)


def whole(of: Member) -> bool:
    """Sources and amounts of all entries, and what follows from the postings, are as they should be."""
    findings = [finding for _, _, found in sources.check(0) for finding in found]
    findings = [finding for finding in findings if finding.code != "transaction_ahead"]  # the test's own
    return not findings and not any(
        projections.differing(what, 0, of.pk) for what in (projections.BALANCES, projections.LOTS)
    )


def test_a_part_refunded_while_the_award_waits_is_asked_for_anew():
    manager, of = staff("manager", "manager"), member(programme(max_award=50))
    fact = order(of, 10_000)
    see(fact)
    assert see(left(fact, 8_000, 1)) == approvals.AWAITING
    first, second = Request.objects.order_by("pk")
    assert (first.status, second.status, second.amount) == ("withdrawn", "waiting", 80)
    approvals.approve(manager, request_id=second.pk, now=NOW + timedelta(hours=2))
    assert balance(of).pending == 80
    assert see(left(fact, 4_000, 3)) == ""
    assert balance(of).pending == 40
    # What was approved once comes back without being asked for again.
    assert see(left(fact, 10_000, 4)) == ""
    assert balance(of).pending == 100


def test_a_refund_below_the_maximum_while_the_award_waits_is_posted_at_once():
    of = member(programme(max_award=50))
    fact = order(of, 10_000)
    see(fact)
    assert see(left(fact, 3_000, 1)) == ""
    assert balance(of).pending == 30
    assert Request.objects.get().status == Request.Status.WITHDRAWN


def test_a_refund_in_full_that_is_reversed_is_asked_for_again():
    of = member(programme(max_award=50))
    fact = order(of, 10_000)
    see(fact)
    assert see(left(fact, 0, 1)) == steps.NOTHING_EARNED
    assert see(left(fact, 10_000, 2)) == approvals.AWAITING
    assert Request.objects.get(status="waiting").amount == 100
    assert not Entry.objects.exists()


def test_what_a_person_refused_is_not_asked_for_again():
    manager, of = staff("manager", "manager"), member(programme(max_award=50))
    fact = order(of, 10_000)
    see(fact)
    approvals.reject(manager, request_id=Request.objects.get().pk, now=NOW)
    assert OrderRecord.objects.get().outcome == approvals.REFUSED
    assert see(left(fact, 5_000, 1)) == approvals.REFUSED
    assert see(left(fact, 10_000, 2)) == approvals.REFUSED
    assert Request.objects.count() == 1
    assert not Entry.objects.exists()


def test_an_order_sent_while_its_award_waits_matures_after_its_window():
    manager = staff("manager", "manager")
    of = member(programme(document(pending={"starts": "fulfilment", "window_days": 14}), max_award=50))
    fact = order(of, 10_000)
    see(fact)
    see(replace(fact, fulfilled_at=NOW, updated_at=NOW + timedelta(hours=1)))
    approvals.approve(manager, request_id=Request.objects.get().pk, now=NOW + timedelta(days=1))
    assert balance(of).pending == 100
    assert windows.end_due(now=NOW + timedelta(days=16)) == 1
    assert balance(of).available == 100


def test_what_expired_is_not_taken_a_second_time():
    of = member(programme(document(pending=CAFE, expiry={"kind": "after", "days": 10})))
    fact = order(of, 10_000)
    see(fact)
    see(order(of, 5_000, at=NOW + timedelta(days=5)))
    spend(of, 30)
    assert expiry.bring_up_to_date([of.pk], now=NOW + timedelta(days=12)) == 1
    assert balance(of).available == 50
    see(left(fact, 5_000, 24 * 12))
    assert (balance(of).available, balance(of).owed) == (50, 0)
    see(left(fact, 0, 24 * 13))
    # Seventy had expired; only the thirty that were spent are taken from the other order's points.
    assert (balance(of).available, balance(of).owed) == (20, 0)
    assert balance(of).earned == 50
    assert whole(of)


def test_a_refund_that_may_not_be_owed_leaves_what_stands_and_makes_nothing_later():
    of = member(programme(document(pending=CAFE, negative="refuse")))
    fact = order(of, 10_000)
    see(fact)
    spend(of, 80)
    assert see(left(fact, 0, 1)) == "insufficient"
    assert (balance(of).available, OrderRecord.objects.get().points) == (20, 100)
    assert see(left(fact, 10_000, 2)) == ""
    assert balance(of).available == 20


def test_what_was_written_off_is_not_given_twice_when_the_refund_is_reversed():
    of = member(programme(document(pending=CAFE, negative="write_off")))
    fact = order(of, 10_000)
    see(fact)
    spend(of, 80)
    see(left(fact, 0, 1))
    assert (balance(of).available, balance(of).owed, balance(of).earned) == (0, 0, 0)
    see(left(fact, 10_000, 2))
    assert (balance(of).available, balance(of).earned) == (20, 100)
    see(left(fact, 0, 3))
    assert (balance(of).available, balance(of).earned) == (0, 0)
    assert whole(of)


def test_an_order_first_seen_after_a_part_was_refunded_earns_the_rest():
    of = member(programme())
    fact = order(of, 10_000)
    assert see(left(fact, 7_000, 1)) == ""
    assert (balance(of).pending, balance(of).earned) == (70, 70)
    see(left(fact, 10_000, 2))
    assert balance(of).pending == 100
    see(left(fact, 0, 3))
    assert (balance(of).pending, balance(of).owed) == (0, 0)
    assert whole(of)


def test_an_order_first_seen_after_all_was_refunded_earns_once_that_is_reversed():
    of = member(programme())
    fact = order(of, 10_000)
    assert see(left(fact, 0, 1)) == steps.NOT_PAID
    assert see(left(fact, 10_000, 2)) == ""
    assert balance(of).pending == 100


def test_paying_back_what_was_paid_too_much_costs_no_points():
    of = member(programme())
    fact = order(of, 10_000, charged=12_000)
    see(fact)
    see(replace(fact, charged=10_000, refunded=2_000, updated_at=NOW + timedelta(hours=1)))
    assert balance(of).pending == 100


def test_an_order_that_changes_hands_before_it_is_paid_is_the_buyers():
    club = programme()
    one, other = member(club), member(club)
    fact = order(one, charged=0, paid_at=None)
    assert see(fact) == steps.NOT_PAID
    paid = left(fact, 10_000, 1, user_id=other.external_id, paid_at=NOW)
    assert see(paid) == ""
    assert balance(other).pending == 100
    see(left(fact, 10_000, 2, user_id=one.external_id, paid_at=NOW))
    assert (balance(one).pending, balance(other).pending) == (0, 100)


def test_who_has_left_earns_nothing_by_an_order_placed_before():
    of = member(programme())
    fact = order(of, charged=0, paid_at=None)
    see(fact)
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    assert see(left(fact, 10_000, 1, paid_at=NOW)) == steps.FROZEN
    assert not Entry.objects.exists()


@pytest.mark.parametrize("moved", [True, False])
def test_a_channel_that_is_served_no_more_keeps_no_refund_from_its_orders(moved):
    of = member(programme())
    fact = order(of, 10_000)
    see(fact)
    if moved:
        programme()
    else:
        ProgrammeChannel.objects.all().delete()
    assert see(left(fact, 2_500, 1)) == ""
    assert balance(of).pending == 25


def welcome(**changes) -> dict:
    rules = document(**changes)
    rules["earning"]["rules"].append(
        {"id": "hello", "rule": "welcome", "params": {"points": 50, "at": "first_order"}, "on_top": True}
    )
    return rules


def test_points_without_a_purchase_still_wait_for_the_contact_after_a_reversed_refund():
    of = member(programme(welcome(pending=CAFE)), verified=False)
    fact = order(of, 10_000)
    see(fact)
    assert (balance(of).available, balance(of).pending) == (100, 50)
    see(left(fact, 0, 1))
    assert (balance(of).available, balance(of).pending) == (0, 0)
    see(left(fact, 10_000, 2))
    assert (balance(of).available, balance(of).pending) == (100, 50)


def test_a_verified_contact_does_not_end_a_return_window():
    of = member(
        programme(welcome(pending={"starts": "fulfilment", "window_days": 14})),
        verified=False,
    )
    fact = order(of, 10_000)
    see(fact)
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW)
    assert (balance(of).available, balance(of).pending) == (0, 150)
    see(replace(fact, fulfilled_at=NOW, updated_at=NOW + timedelta(hours=1)))
    windows.end_due(now=NOW + timedelta(days=16))
    assert (balance(of).available, balance(of).pending) == (150, 0)


def test_points_of_an_order_wait_for_its_window_also_where_no_amount_earned():
    rules = welcome()
    rules["earning"]["rules"] = rules["earning"]["rules"][1:]
    of = member(programme(rules))
    see(order(of, 10_000))
    assert Lot.objects.get().pending == 50


def test_a_refund_makes_no_room_in_a_campaigns_budget_and_none_in_the_day():
    """What depends on other orders is decided once: others were told "no more" by then, and it might come back."""
    campaign = {"id": "spring", "multiplier": "campaign", "params": {"rate": "2"}, "campaign": "spring"}
    base = document(pending=CAFE)
    earning = {
        **base["earning"],
        "multipliers": [campaign],
        "campaigns": [{"code": "spring", "name": {"en": "Spring"}, "budget": 100}],
        "caps": {"day": 250},
    }
    of = member(programme({**base, "earning": earning}))
    first = order(of, 10_000)
    see(first)
    assert (balance(of).available, CampaignBudget.objects.get().used) == (200, 100)
    see(left(first, 0, 1))
    assert (balance(of).available, CampaignBudget.objects.get().used) == (0, 100)
    see(order(of, 10_000, at=NOW + timedelta(hours=2)))
    assert (balance(of).available, CampaignBudget.objects.get().used) == (50, 100)
    # The refund did not last: all of it stands again, and neither limit was passed by what was decided.
    see(left(first, 10_000, 3))
    assert (balance(of).available, CampaignBudget.objects.get().used) == (250, 100)


def test_a_milestone_that_was_reached_stays_and_is_not_paid_again():
    base = document(pending=CAFE)
    base["earning"]["rules"].append(
        {"id": "century", "rule": "milestone", "params": {"mark": 100, "points": 25}}
    )
    of = member(programme(base))
    fact = order(of, 10_000)
    for hours, stays in ((1, 0), (2, 10_000), (3, 0)):
        see(fact)
        see(left(fact, stays, hours))
        assert balance(of).available == stays // 100 + 25
    see(order(of, 10_000, at=NOW + timedelta(hours=4)))
    assert balance(of).available == 125


@given(st.integers(0, 10**9), st.integers(1, 10**12), st.lists(st.integers(0, 2 * 10**12), max_size=6))
def test_the_share_that_stands_is_the_moneys_however_it_came_to_it(
    decided: int, paid: int, lefts: list[int]
) -> None:
    """Booked difference by difference it is what one refund would leave: rounded down once, and never above the whole."""
    stands = decided
    for left_over in [*lefts, 0, *lefts]:
        should = steps.target(decided, steps.Net(paid, left_over))
        assert 0 <= should <= decided
        assert should == int(Fraction(decided) * min(Fraction(left_over, paid), 1))
        stands += should - stands
    last = lefts[-1] if lefts else 0
    assert stands == steps.target(decided, steps.Net(paid, last))
    assert steps.target(decided, steps.Net(paid, paid)) == decided
