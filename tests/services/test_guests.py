"""Orders placed as a guest: credited once the e-mail is verified, as far as the terms go, once a contact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from loyalty_plugin import registry
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import SaleorUnreachable
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import ClaimedBenefit, Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.queries.explanations.sentences import explain_more
from loyalty_plugin.queries.verifying.run import verify
from loyalty_plugin.services import guests, members
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme
from tests.services.books import at_once

DAY = timedelta(days=1)
EMAIL = "ada@mail.example"


class Shop:
    """A shop that knows its orders as they are now, or is away."""

    def __init__(self) -> None:
        self.known: dict[str, OrderFact] = {}
        self.away = False
        self.asked: list[list[str]] = []

    def orders(self, realm: str, order_ids: list[str]) -> dict[str, OrderFact]:
        self.asked.append(sorted(order_ids))
        if self.away:
            raise SaleorUnreachable()
        return {one: self.known[one] for one in order_ids if one in self.known}


@pytest.fixture
def shop() -> Iterator[Shop]:
    before, made = registry.ports.storefront, Shop()
    registry.bind(storefront=made)  # type: ignore[arg-type]
    yield made
    registry.bind(storefront=before)


pytestmark = pytest.mark.django_db


def club(days: int = 60, orders: int = 5, **changes: Any) -> Programme:
    return programme(document(claims={"days": days, "orders": orders}, **changes))


def bought(shop: Shop, of: Programme, gross: int = 10_000, *, days_ago: int = 3, **more: Any) -> OrderFact:
    """A guest's paid order, as its event was worked off."""
    nobody = Member(programme=of)
    at = NOW - days_ago * DAY
    fact = order(nobody, gross, at=at, **{"user_id": "", "user_email": EMAIL, **more})
    shop.known[fact.order_id] = fact
    apply_orders([fact], now=at)
    return fact


def joins(of: Programme, *, verified: bool = True, **known: Any) -> Member:
    return member(of, verified=verified, **{"email": EMAIL, **known})


def points(of: Member) -> tuple[int, int]:
    balance = Balance.objects.get(member=of, unit=POINTS)
    return balance.pending, balance.available


@pytest.mark.django_db(transaction=True)
def test_a_guests_order_is_credited_with_the_verified_email_and_says_why(shop: Shop) -> None:
    of_club = club()
    fact = bought(shop, of_club)
    assert OrderRecord.objects.get().outcome == steps.NOT_A_MEMBER
    of = joins(of_club, email="Ada@Mail.example", verified=False)
    assert guests.due(now=NOW) == 0
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW)
    assert points(of) == (0, 0)
    assert guests.claim_due(now=NOW) == 1
    assert points(of) == (100, 0)
    entry = Entry.objects.get()
    assert (entry.order_ref, entry.source, entry.occurred_at) == (fact.ref, f"order:{fact.ref}", fact.paid_at)
    assert "guest" in explain_more(entry.explanation)[-1]
    assert OrderRecord.objects.get().member_id == of.pk
    assert TierFact.objects.filter(member=of, metric="spend", amount=10_000).exists()
    assert AuditRecord.objects.get(operation="orders.claim").detail == {"orders": 1, "points": 100}
    assert guests.due(now=NOW) == guests.claim_due(now=NOW) == 0
    assert verify().whole


def test_nothing_of_the_email_is_kept_in_clear(shop: Shop) -> None:
    bought(shop, club())
    kept = OrderRecord.objects.values().get()
    assert len(kept["contact"]) == 64
    assert EMAIL not in repr(kept)


def test_a_refund_of_a_claimed_order_takes_its_share_back(shop: Shop) -> None:
    of_club = club()
    fact = bought(shop, of_club)
    of = joins(of_club)
    guests.claim_due(now=NOW)
    half = replace(fact, charged=5_000, refunded=5_000, updated_at=NOW + DAY)
    apply_orders([half], now=NOW + DAY)
    assert points(of) == (50, 0)


@pytest.mark.parametrize(
    ("terms", "credited"), [((0, 5), 0), ((2, 5), 0), ((3, 5), 200), ((60, 1), 200), ((60, 5), 300)]
)
def test_only_as_old_and_as_many_as_the_terms_say(shop: Shop, terms: tuple[int, int], credited: int) -> None:
    of_club = club(*terms)
    bought(shop, of_club, 20_000, days_ago=3)
    bought(shop, of_club, 10_000, days_ago=30)
    of = joins(of_club)
    guests.claim_due(now=NOW)
    assert points(of)[0] == credited


def test_unpaid_foreign_and_later_orders_are_not_claimed(shop: Shop) -> None:
    of_club = club()
    bought(shop, of_club, charged=0, paid_at=None)
    bought(shop, of_club, user_email="other@mail.example")
    of = joins(of_club)
    later = bought(shop, of_club, days_ago=-1)
    guests.claim_due(now=NOW + 2 * DAY)
    assert points(of) == (0, 0)
    assert OrderRecord.objects.get(order_id=later.order_id).outcome == steps.NOT_A_MEMBER


def test_what_saleor_hands_to_an_account_afterwards_is_still_claimed_by_our_terms(shop: Shop) -> None:
    of_club = club(days=0)
    fact = bought(shop, of_club)
    of = joins(of_club)
    theirs = replace(fact, user_id=of.external_id, updated_at=NOW)
    assert apply_orders([theirs], now=NOW)[0].outcome == steps.GUEST_ORDER
    assert points(of) == (0, 0)


def test_an_email_claims_in_one_membership_only(shop: Shop) -> None:
    of_club = club()
    bought(shop, of_club)
    first = joins(of_club)
    guests.claim_due(now=NOW)
    bought(shop, of_club, days_ago=2)
    # Another account comes to the same address: the plugin refuses joining, but an address may change later.
    second = joins(of_club, email="else@mail.example")
    Member.objects.filter(pk=second.pk).update(email=EMAIL, claims_due=NOW)
    guests.claim_due(now=NOW)
    assert (points(first), points(second)) == ((200, 0), (0, 0))
    assert ClaimedBenefit.objects.get(benefit="guest_orders").member_id == first.pk


def test_an_order_that_changed_while_it_was_read_is_read_again(shop: Shop) -> None:
    of_club = club()
    fact = bought(shop, of_club)
    of = joins(of_club)
    newer = replace(fact, charged=5_000, refunded=5_000, updated_at=NOW)
    apply_orders([newer], now=NOW)  # after the shop answered
    guests.claim_due(now=NOW)
    assert points(of) == (0, 0)
    shop.known[fact.order_id] = newer
    guests.claim_due(now=NOW + guests.PUT_OFF)
    assert points(of) == (50, 0)


def test_a_shop_that_is_away_is_asked_again_later(shop: Shop) -> None:
    of_club = club()
    bought(shop, of_club)
    of = joins(of_club)
    shop.away = True
    assert guests.claim_due(now=NOW) == 1
    assert (points(of), guests.due(now=NOW)) == ((0, 0), 0)
    shop.away = False
    guests.claim_due(now=NOW + guests.PUT_OFF)
    assert points(of) == (100, 0)


def test_an_order_refunded_meanwhile_brings_nothing(shop: Shop) -> None:
    of_club = club()
    fact = bought(shop, of_club)
    shop.known[fact.order_id] = replace(fact, charged=0, refunded=10_000, updated_at=NOW)
    of = joins(of_club)
    guests.claim_due(now=NOW)
    assert points(of) == (0, 0)
    assert not Entry.objects.exists()


def test_one_who_left_claims_nothing(shop: Shop) -> None:
    of_club = club()
    bought(shop, of_club)
    of = joins(of_club)
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    guests.claim_due(now=NOW)
    assert points(of) == (0, 0)
    assert guests.due(now=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_many_workers_and_the_orders_own_events_credit_it_once(shop: Shop) -> None:
    of_club = club()
    facts = [bought(shop, of_club, days_ago=days) for days in (1, 2, 3)]
    of = joins(of_club)
    acts = [partial(guests.claim_due, now=NOW)] * 5
    newer = [replace(fact, updated_at=NOW) for fact in facts]
    shop.known |= {fact.order_id: fact for fact in newer}
    events = [partial(apply_orders, newer, now=NOW)] * 3
    assert not [one for one in at_once([*acts, *events]) if isinstance(one, BaseException)]
    guests.claim_due(now=NOW)
    assert points(of) == (300, 0)
    assert Entry.objects.filter(kind="earn").count() == 3


@pytest.mark.django_db(transaction=True)
def test_an_order_worked_off_after_the_verification_is_claimed_too(shop: Shop) -> None:
    of_club = club(orders=2)
    bought(shop, of_club)
    of = joins(of_club)
    guests.claim_due(now=NOW)
    assert (points(of), guests.due(now=NOW)) == ((100, 0), 0)
    for days in (1, 2):  # placed before, worked off or paid for only now
        bought(shop, of_club, days_ago=days)
        assert guests.claim_due(now=NOW) == 1
    assert points(of) == (200, 0)  # the terms say two


@pytest.mark.django_db(transaction=True)
def test_a_verification_beside_the_orders_event_loses_no_order(shop: Shop) -> None:
    """Whichever comes first: the one sees what the other wrote."""
    of_club = club()
    for number in range(12):
        email = f"guest{number}@mail.example"
        of = member(of_club, verified=False, email=email, external_id=f"VXNlcjo{number}")
        acts = [
            partial(bought, shop, of_club, user_email=email.title()),
            partial(members.verify_contact, SYSTEM, member_id=of.pk, now=NOW),
        ]
        assert not [one for one in at_once(acts) if isinstance(one, BaseException)]
        guests.claim_due(now=NOW)
        assert points(of) == (100, 0), number
