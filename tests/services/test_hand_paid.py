"""Money paid by hand: never earns unseen above the limit, and what a second person confirms takes the ordinary path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.facts import ChargeFact, OrderFact
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import SaleorUnreachable, SamePerson
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.queries.verifying import sources
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.services import approvals, decided
from loyalty_plugin.services.orders import again, steps
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme, realm

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
CLERK = "VXNlcjo3"


def charge(
    amount: int, source: str = f"{provenance.HAND}{CLERK}", *, name: str = "e1", stands: int = -1
) -> ChargeFact:
    return ChargeFact(name, amount, amount if stands < 0 else stands, source)


def paid(of: Member, *charges: ChargeFact, gross: int = 10_000, **more: Any) -> OrderFact:
    hand = sum(one.stands for one in charges if not provenance.seen(one))
    return order(of, gross, charges=charges, paid_by_hand=hand, **more)


def counting(limit: int = 0, **more: Any) -> Member:
    return member(programme(document(hand_paid="counts", hand_paid_limit=limit, **more)))


def manager(name: str = "Mara", **more: Any) -> Actor:
    person = Person.objects.create(name=name, **more)
    return Actor(
        ActorKind.STAFF, str(person.pk), permissions=frozenset({"decide_requests"}), person_id=person.pk
    )


def points(of: Member) -> int:
    row = Balance.objects.get(member=of, unit=POINTS)
    return row.pending + row.available + row.owed


class Shop:
    """What the shop would answer now."""

    def __init__(self) -> None:
        self.facts: dict[str, OrderFact] = {}
        self.away = False

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        if self.away:
            raise SaleorUnreachable()
        return {one: self.facts[one] for one in order_ids if one in self.facts}


@pytest.fixture
def shop() -> Iterator[Shop]:
    before, made = ports.storefront, Shop()
    bind(storefront=made)  # type: ignore[arg-type]
    yield made
    bind(storefront=before)


def test_without_the_setting_it_earns_nothing():
    of = member(programme())
    assert apply_orders([paid(of, charge(10_000))], now=NOW)[0].outcome == steps.PAID_BY_HAND
    assert not Request.objects.exists()


def test_up_to_the_limit_it_earns_at_once():
    of = counting(limit=10_000)
    assert apply_orders([paid(of, charge(10_000))], now=NOW)[0].points == 100
    assert not Request.objects.exists()


def test_above_the_limit_a_second_person_is_asked_once():
    of = counting(limit=9_999)
    fact = paid(of, charge(10_000))
    for hours in (0, 1, 2):
        [applied] = apply_orders([replace(fact, updated_at=NOW + timedelta(hours=hours))], now=NOW)
        assert (applied.outcome, applied.points) == (steps.HAND_WAITS, 0)
    request = Request.objects.get()
    assert (request.operation, request.amount, request.unit) == (decided.HAND_PAID, 10_000, "EUR")
    assert not Entry.objects.exists()
    assert not TierFact.objects.exists()
    assert AuditRecord.objects.filter(operation=decided.HAND_PAID, outcome="asked").count() == 1


def test_what_is_confirmed_takes_the_ordinary_path(shop: Shop):
    of = counting()
    fact = paid(of, charge(10_000))
    shop.facts[fact.order_id] = fact
    apply_orders([fact], now=NOW)
    approvals.approve(manager(), request_id=Request.objects.get().pk, now=LATER)
    assert points(of) == 0
    shop.away = True
    assert again.due(now=LATER) == 1
    again.look_due(now=LATER)
    assert points(of) == 0
    shop.away = False
    assert again.look_due(now=LATER) == 0
    assert again.look_due(now=LATER + again.PUT_OFF) == 1
    assert again.due(now=LATER + timedelta(days=9)) == 0
    assert points(of) == 100
    assert TierFact.objects.get(metric="spend").amount == 10_000
    assert OrderRecord.objects.get().outcome == ""


def test_what_is_refused_stays_refused_and_is_not_asked_again(shop: Shop):
    of = counting()
    fact = paid(of, charge(10_000))
    shop.facts[fact.order_id] = fact
    apply_orders([fact], now=NOW)
    approvals.reject(manager(), request_id=Request.objects.get().pk, now=LATER)
    again.look_due(now=LATER)
    assert OrderRecord.objects.get().outcome == steps.HAND_REFUSED
    apply_orders([replace(fact, updated_at=LATER)], now=LATER)
    assert Request.objects.count() == 1
    assert points(of) == 0


def test_nobody_confirms_what_they_declared_themselves():
    of = counting()
    clerk = manager("Cleo", realm=realm(), saleor_user_id=CLERK)
    apply_orders([paid(of, charge(10_000))], now=NOW)
    request = Request.objects.get()
    assert request.requested_by_id == clerk.person_id
    with pytest.raises(SamePerson):
        approvals.approve(clerk, request_id=request.pk, now=LATER)


def test_the_part_that_was_seen_earns_while_the_rest_waits(shop: Shop):
    of = counting()
    fact = paid(of, charge(6_000, "app:psp"), charge(4_000, name="e2"))
    shop.facts[fact.order_id] = fact
    [applied] = apply_orders([fact], now=NOW)
    assert (applied.outcome, applied.points) == (steps.HAND_WAITS, 60)
    assert Request.objects.get().amount == 4_000
    approvals.approve(manager(), request_id=Request.objects.get().pk, now=LATER)
    again.look_due(now=LATER)
    assert points(of) == 100
    assert sum(TierFact.objects.filter(metric="spend").values_list("amount", flat=True)) == 10_000


def test_money_that_was_seen_after_all_makes_the_question_needless():
    of = counting()
    fact = paid(of, charge(10_000))
    apply_orders([fact], now=NOW)
    real = paid(of, charge(10_000), charge(10_000, "app:psp", name="e2"))
    twice = replace(real, order_id=fact.order_id, charged=20_000, updated_at=LATER)
    assert apply_orders([twice], now=LATER)[0].points == 100
    assert Request.objects.get().status == Request.Status.WITHDRAWN


def test_a_cancelled_order_asks_nobody_any_more():
    of = counting()
    fact = paid(of, charge(10_000))
    apply_orders([fact], now=NOW)
    apply_orders([replace(fact, cancelled=True, updated_at=LATER)], now=LATER)
    assert Request.objects.get().status == Request.Status.WITHDRAWN


def test_more_declared_than_was_confirmed_is_asked_again(shop: Shop):
    of = counting()
    fact = paid(of, charge(6_000, "app:psp"), charge(4_000, name="e2"))
    apply_orders([fact], now=NOW)
    approvals.approve(manager(), request_id=Request.objects.get().pk, now=LATER)
    back = paid(of, charge(6_000, "app:psp", stands=0), charge(4_000, name="e2"), charge(6_000, name="e3"))
    apply_orders(
        [replace(back, order_id=fact.order_id, charged=10_000, refunded=6_000, updated_at=LATER)], now=LATER
    )
    assert Request.objects.filter(status="waiting").get().amount == 10_000
    assert points(of) == 40


def test_a_reissued_order_counts_only_money_that_was_seen():
    of = counting(limit=50_000)
    by_hand = paid(of, charge(10_000), origin="reissue")
    by_card = paid(of, charge(10_000, "app:psp"), origin="reissue")
    assert [one.outcome for one in apply_orders([by_hand, by_card], now=NOW)] == [steps.PAID_BY_HAND, ""]
    assert points(of) == 100


def test_an_app_the_shop_does_not_name_is_a_hand(settings):
    settings.LOYALTY = {**settings.LOYALTY, "PAYMENT_APPS": ("psp",)}
    of = member(programme())
    facts = [paid(of, charge(10_000, "app:psp")), paid(of, charge(10_000, "app:dummy"))]
    assert [one.outcome for one in apply_orders(facts, now=NOW)] == ["", steps.PAID_BY_HAND]


def test_who_reported_a_charge_is_remembered_when_saleor_has_forgotten():
    """An App that is deleted leaves its charges without a name; what was known when they were read stays so."""
    of = member(programme())
    fact = paid(of, charge(10_000, "app:psp"))
    apply_orders([fact], now=NOW)
    assert OrderRecord.objects.get().fact["charges"] == {"e1": "app:psp"}
    for hours, source in ((1, provenance.UNKNOWN), (2, provenance.GIFT_CARD), (3, provenance.UNKNOWN)):
        at = NOW + timedelta(hours=hours)
        hand = 10_000 if source == provenance.UNKNOWN else 0
        forgot = replace(fact, charges=(charge(10_000, source),), paid_by_hand=hand, updated_at=at)
        apply_orders([forgot], now=at)
        assert points(of) == 100
    assert OrderRecord.objects.get().fact["charges"] == {"e1": "app:psp"}


def test_a_hand_that_is_forgotten_is_still_a_hand():
    of = member(programme())
    fact = paid(of, charge(10_000))
    apply_orders([fact], now=NOW)
    forgot = replace(fact, charges=(charge(10_000, provenance.GIFT_CARD),), paid_by_hand=0, updated_at=LATER)
    assert apply_orders([forgot], now=LATER)[0].outcome == steps.PAID_BY_HAND


def test_a_name_that_comes_late_is_believed():
    """The App was switched off when the order was first read."""
    of = member(programme())
    fact = paid(of, charge(10_000, provenance.UNKNOWN))
    assert apply_orders([fact], now=NOW)[0].outcome == steps.PAID_BY_HAND
    known = replace(paid(of, charge(10_000, "app:psp")), order_id=fact.order_id, updated_at=LATER)
    assert apply_orders([known], now=LATER)[0].points == 100


def test_gift_cards_and_hands_leave_only_the_rest():
    of = member(programme())
    mixed = paid(
        of,
        charge(4_000, provenance.GIFT_CARD, name="g"),
        charge(3_000, name="h"),
        charge(3_000, "app:psp", name="p"),
        gift_card_paid=4_000,
    )
    nothing = paid(of, charge(4_000, provenance.GIFT_CARD), charge(6_000, name="h"), gift_card_paid=4_000)
    assert [one.points for one in apply_orders([mixed, nothing], now=NOW)] == [30, 0]


@pytest.mark.parametrize(
    ("stands", "expected"),
    [((6_000, 4_000), 60), ((3_000, 4_000), 30), ((6_000, 0), 60), ((0, 4_000), 0), ((0, 0), 0)],
)
def test_refunds_of_either_part(stands: tuple[int, int], expected: int):
    of = member(programme())
    fact = paid(of, charge(6_000, "app:psp"), charge(4_000, name="e2"))
    apply_orders([fact], now=NOW)
    card, hand = stands
    after = replace(
        fact,
        charges=(charge(6_000, "app:psp", stands=card), charge(4_000, name="e2", stands=hand)),
        charged=card + hand,
        refunded=10_000 - card - hand,
        paid_by_hand=hand,
        updated_at=LATER,
    )
    apply_orders([after], now=LATER)
    assert points(of) == expected


def test_the_books_stay_whole_on_every_way(shop: Shop):
    """Part at once, the rest confirmed, some of it refunded: each entry still has its source and its amount."""
    of = counting()
    fact = paid(of, charge(6_000, "app:psp"), charge(4_000, name="e2"))
    shop.facts[fact.order_id] = fact
    apply_orders([fact], now=NOW)
    approvals.approve(manager(), request_id=Request.objects.get().pk, now=LATER)
    again.look_due(now=LATER)
    back = replace(
        fact,
        charges=(charge(6_000, "app:psp", stands=1_000), charge(4_000, name="e2")),
        charged=5_000,
        refunded=5_000,
        updated_at=LATER,
    )
    apply_orders([back], now=LATER)
    assert points(of) == 50
    findings = [finding for _, _, found in sources.check(0) for finding in found]
    # The test itself is a transaction that has not ended.
    assert {finding.code for finding in findings} <= {"transaction_ahead"}
