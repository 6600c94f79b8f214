"""Orders that break the programme's rules, whatever was promised: goods kept for others, prices below the floor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import LineFact
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Mode
from loyalty_plugin.services import realms, tiers
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, line, member, order, programme
from tests.services.test_incidents import promise

pytestmark = pytest.mark.django_db
GATE = {"id": "vips", "perk": "members_only", "params": {"products": ["Whisky"]}}


def somebody(*perks: dict[str, Any], **prices: Any) -> Member:
    return member(programme(document(perks=list(perks), **({"prices": prices} if prices else {}))))


def whisky(gross: int = 5_000, **more: Any) -> LineFact:
    return line(gross, product="Whisky", **more)


def found() -> list[tuple[str, int]]:
    return [(one["code"], one["lost"]) for each in Incident.objects.all() for one in each.differences]


def test_what_is_kept_for_members_is_an_incident_in_anybody_elses_order():
    of = somebody(GATE)
    Programme.objects.update(auto_join=False)
    lines = [whisky(), line(100)]
    apply_orders([order(of, lines=lines)], now=NOW)
    assert found() == []
    apply_orders([replace(order(of, lines=lines), user_id="User:stranger")], now=NOW)
    apply_orders([replace(order(of, lines=lines), user_id="", user_email="a@b.example")], now=NOW)
    assert found() == [("barred", 0)] * 2


def test_a_lower_tier_may_not_buy_it_and_an_order_does_not_open_what_it_bought():
    of = somebody({**GATE, "tiers": ["vip"]})
    # It spends enough for the highest tier by itself.
    apply_orders([order(of, lines=[whisky(1_000_000)])], now=NOW)
    of.refresh_from_db()
    assert (of.tier, found()) == ("vip", [("barred", 0)])
    later = NOW + timedelta(days=1)
    apply_orders([order(of, at=later, lines=[whisky()])], now=later)
    assert len(found()) == 1


def test_who_had_the_tier_when_ordering_may_though_it_is_lost_when_the_order_is_read():
    of = somebody({**GATE, "tiers": ["premium"]})
    tiers.grant(
        SYSTEM,
        member_id=of.pk,
        tier="premium",
        from_day=NOW.date(),
        until_day=NOW.date(),
        source="gift",
        now=NOW,
    )
    fact = order(of, at=NOW, lines=[whisky()])
    after = NOW + timedelta(days=2)
    tiers.recompute_due(now=after)
    of.refresh_from_db()
    assert of.tier == "basic"
    apply_orders([fact], now=after)
    assert found() == []
    apply_orders([order(of, at=after, lines=[whisky()])], now=after)
    assert found() == [("barred", 0)]


def test_staff_may_sell_what_and_as_they_like():
    of = somebody(GATE, floors=[{"share": 9_000}])
    fact = order(of, lines=[whisky(100, undiscounted_gross=5_000)])
    apply_orders([replace(fact, user_id="", origin="draft")], now=NOW)
    assert found() == []


@pytest.mark.parametrize(
    ("gross", "more", "expected"),
    [
        (6_000, {}, []),
        (5_998, {}, []),
        (5_000, {}, [("below_floor", 1_000)]),
        (5_000, {"gift_card": True}, []),
        (0, {"is_gift": True}, []),
    ],
)
def test_a_members_line_below_the_floor_is_an_incident(gross: int, more: dict[str, Any], expected: list):
    of = somebody(floors=[{"share": 6_000}])
    fact = order(of, lines=[line(gross, quantity=2, undiscounted_gross=10_000, **more)])
    apply_orders([fact], now=NOW)
    assert found() == expected
    # The floor is the programme's: guests pay what the shop asks.
    apply_orders([replace(order(of, lines=fact.lines), user_id="", user_email="a@b.example")], now=NOW)
    assert found() == expected


@pytest.mark.parametrize("floor", [{"amount": 600}, {"share": 6_000}])
@pytest.mark.parametrize(("net", "lost"), [(600, 0), (599, 0), (550, 50)])
def test_a_floor_is_held_in_the_terms_of_the_channel(floor: dict[str, Any], net: int, lost: int):
    """A net channel states 6.00 without tax; 5.50 net is 6.60 with it, and below the floor all the same."""
    of = somebody(floors=[floor])
    one = line(net * 6 // 5, net=net, undiscounted_gross=1_200, undiscounted_net=1_000)
    apply_orders([order(of, lines=[one], with_tax=False)], now=NOW)
    assert found() == ([("below_floor", lost)] if lost else [])


def test_a_voucher_on_a_member_price_is_held_against_the_floor_of_its_promise():
    """Saleor says an override where the list price was, so the line itself does not tell its floor."""
    of = somebody(floors=[{"share": 8_500}])
    mark = f"loyalty:{promise(of, reason={'floor': 850}).pk}"
    fact = order(
        of, lines=[line(720, mark=mark, undiscounted_gross=900)], reduced=True, checkout_id="Checkout:1"
    )
    apply_orders([fact], now=NOW)
    assert found() == [("below_floor", 130)]


@pytest.mark.parametrize(
    ("lines", "held"),
    [([line(5_000, undiscounted_gross=10_000)], False), ([whisky(10_000)], True), ([line(9_000)], False)],
)
def test_what_the_shop_itself_took_off_holds_no_order_back(lines: list[LineFact], held: bool):
    of = somebody({**GATE, "tiers": ["vip"]}, floors=[{"share": 6_000}])
    realms.set_mode(SYSTEM, realm_id=of.realm_id, mode=Mode.CONFIRMED, now=NOW)
    apply_orders([order(of, lines=lines, status="UNCONFIRMED")], now=NOW)
    assert OutboxItem.objects.filter(kind="order_confirm").exists() is not held
