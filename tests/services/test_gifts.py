"""Birthday gifts: given once, to whom the perk is for and whose contact is known; shown to nobody else; used by an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.gifts import Gift
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.gifts import GiftState, gifts_of
from loyalty_plugin.services import birthdays, erasure, gifts
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme

pytestmark = pytest.mark.django_db

BORN, DAY = date(1990, 3, 5), date(2026, 3, 5)
MIDNIGHT = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # 5 March in Berlin
PERK = {"id": "pot", "perk": "birthday_gift", "params": {"title": "A pot", "days": 14, "products": ["p1"]}}


def club(*perks: dict[str, Any]) -> Any:
    return programme(document(perks=list(perks) or [PERK]))


def myself(of: Member) -> Actor:
    return Actor(ActorKind.MEMBER, f"member:{of.pk}", member_id=of.pk)


def view(of: Member, today: date = DAY) -> list[tuple[GiftState, bool]]:
    return [(one.state, bool(one.code)) for one in gifts_of(myself(of), member_id=of.pk, today=today)]


def test_a_gift_is_given_once_on_the_day_and_its_code_seen_when_the_shop_has_it():
    of = member(club(), birthday=BORN)
    assert birthdays.award_due(now=NOW) == 0
    for _ in range(2):
        birthdays.award_due(now=MIDNIGHT)
    gift = Gift.objects.get()
    assert (gift.first_day, gift.last_day) == (date(2026, 3, 5), date(2026, 3, 18))
    of.refresh_from_db()
    assert of.birthday_locked_at == MIDNIGHT
    out = OutboxItem.objects.get(kind=gifts.VOUCHER)
    assert (out.desired["products"], out.desired["code"]) == (["p1"], gift.code)
    # Both days whole, as the programme's clocks show them.
    assert out.desired["from"] == "2026-03-05T00:00:00+01:00"
    assert out.desired["until"] == "2026-03-19T00:00:00+01:00"
    assert view(of) == [(GiftState.WAITING, False)]

    gifts.note_ready(gift.code)
    assert view(of) == [(GiftState.READY, True)]
    assert view(of, date(2026, 3, 18)) == [(GiftState.READY, True)]
    assert view(of, date(2026, 3, 19)) == [(GiftState.EXPIRED, False)]
    staff = Actor(ActorKind.STAFF, "user:1", frozenset({"view_members"}))
    assert [one.code for one in gifts_of(staff, member_id=of.pk, today=gift.first_day)] == [""]
    other = member(of.programme)
    with pytest.raises(NotFound):
        gifts_of(myself(other), member_id=of.pk, today=gift.first_day)

    # The same again a year later, and only then.
    for days in (30, 200, 366):
        birthdays.award_due(now=MIDNIGHT + timedelta(days=days))
    assert sorted(Gift.objects.values_list("occasion", flat=True)) == ["birthday:2026", "birthday:2027"]


def test_an_order_with_the_code_uses_it_and_another_order_uses_nothing():
    of = member(club(), birthday=BORN)
    birthdays.award_due(now=MIDNIGHT)
    gift = Gift.objects.get()
    gifts.note_ready(gift.code)
    apply_orders([replace(order(of), voucher="FIVE"), order(of)], now=NOW)
    assert view(of) == [(GiftState.READY, True)]
    bought = replace(order(of), voucher=gift.code.lower())
    apply_orders([bought], now=NOW)
    assert view(of) == [(GiftState.USED, False)]
    gift.refresh_from_db()
    assert gift.order_id == bought.order_id


@pytest.mark.parametrize("why", ["unverified", "frozen", "other_tier", "no_account", "staging", "other_day"])
def test_who_gets_none(why: str):
    perk = {**PERK, "tiers": ["vip"]} if why == "other_tier" else PERK
    if why == "other_day":
        perk = {**PERK, "when": {"until_day": "2026-03-04"}}
    of = member(club(perk), birthday=BORN, verified=why != "unverified")
    if why == "frozen":
        Member.objects.filter(pk=of.pk).update(status=Member.Status.FROZEN)
    if why == "no_account":
        Member.objects.filter(pk=of.pk).update(realm=None, external_id="")
    if why == "staging":
        Realm.objects.update(live=False)
    assert birthdays.award_due(now=MIDNIGHT) == 1
    assert not Gift.objects.exists()
    of.refresh_from_db()
    assert of.birthday_due == date(2027, 3, 5)
    assert of.birthday_locked_at is None


def test_one_contact_has_one_gift_a_year_whatever_memberships_it_had():
    of = member(club(), birthday=BORN, email="same@shop.example")
    birthdays.award_due(now=MIDNIGHT)
    Member.objects.filter(pk=of.pk).update(email="", external_id="", status=Member.Status.ERASED)
    again = member(of.programme, birthday=BORN, email="Same@shop.example")
    Member.objects.filter(pk=again.pk).update(birthday_due=date(2026, 3, 5))
    birthdays.award_due(now=MIDNIGHT)
    assert Gift.objects.get().member_id == of.pk


def test_erasing_a_member_takes_their_gifts():
    of = member(club(), birthday=BORN)
    birthdays.award_due(now=MIDNIGHT)
    erasure.erase(SYSTEM, member_id=of.pk, reason="asked", now=NOW)
    assert not Gift.objects.exists()
