"""Promised prices are quoted again when nobody touches the checkout: run out, another tier, another version, gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import SaleorError, SaleorUnreachable
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.queries.health import health
from loyalty_plugin.services import members, programmes, requoting, tiers
from loyalty_plugin.services.benefits import IDLE
from tests.factories import NOW, document
from tests.services.test_benefits import PERKS, Shop, of, promise, shop

__all__ = ["of", "shop"]

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def charged(made: Shop) -> int:
    assert made.fact is not None
    return made.fact.lines[0].unit_price


def test_nothing_is_asked_before_its_time(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    promise()
    monkeypatch.setattr(shop, "checkout", lambda *_: pytest.fail("asked"))
    assert requoting.due(now=NOW + HOUR / 2) == requoting.quote_due(now=NOW + HOUR / 2) == 0


def test_what_ran_out_and_holds_is_renewed_ever_longer(shop: Shop):
    promise()
    spans, at = [], NOW
    for _ in range(7):
        at = PricePromise.objects.get().valid_until
        assert requoting.quote_due(now=at) == 1
        spans.append(PricePromise.objects.get().valid_until - at)
    assert spans == [HOUR * n for n in (2, 4, 8, 16, 24, 24, 24)]
    assert charged(shop) == 3_600


def test_what_ran_out_and_holds_no_more_is_taken_back(shop: Shop, of: Member):
    promise()
    Member.objects.filter(pk=of.pk).update(tier="vip")
    requoting.quote_due(now=NOW + HOUR)
    assert charged(shop) == 4_000
    assert not requoting.due(now=NOW + 100 * HOUR)


def test_a_cart_left_behind_loses_its_price_and_whoever_comes_back_gets_it_anew(shop: Shop):
    promise()
    late = NOW + IDLE
    requoting.quote_due(now=late)
    assert charged(shop) == 4_000
    assert PricePromise.objects.get().status == "withdrawn"
    promise(late + HOUR)
    assert charged(shop) == 3_600


def test_another_tier_brings_its_price_at_once(shop: Shop, of: Member):
    promise()
    tiers.grant(
        SYSTEM,
        member_id=of.pk,
        tier="premium",
        from_day=date(2026, 3, 2),
        until_day=None,
        source="gift",
        now=NOW,
    )
    assert requoting.due(now=NOW) == 1
    requoting.quote_due(now=NOW)
    assert charged(shop) == 3_200


def test_who_leaves_loses_it_at_once(shop: Shop, of: Member):
    promise()
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    requoting.quote_due(now=NOW)
    assert charged(shop) == 4_000


def test_a_version_that_begins_later_is_waited_for(shop: Shop, of: Member, monkeypatch: pytest.MonkeyPatch):
    promise()
    monkeypatch.setattr(programmes, "_check_preview", lambda *_: None)
    rates = {**PERKS[0], "params": {"rates": {"basic": 5_000}}}
    draft = programmes.save_draft(
        SYSTEM, programme_id=of.programme_id, document=document(perks=[rates]), now=NOW
    )
    starts = NOW + HOUR / 2
    programmes.publish(SYSTEM, version_id=draft.pk, now=NOW, starts_at=starts)
    assert not requoting.due(now=NOW + HOUR / 4)
    assert requoting.quote_due(now=starts) == 1
    assert charged(shop) == 2_000


def test_a_checkout_that_is_gone_is_not_asked_for_again_and_its_promise_waits_for_the_order(shop: Shop):
    promise()
    shop.fact = None
    assert requoting.quote_due(now=NOW + HOUR) == 1
    assert PricePromise.objects.get().status == "applied"
    assert requoting.quote_due(now=NOW + 100 * HOUR) == 0


def test_a_shop_that_is_away_is_asked_again_later(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    promise()

    def away(*_: object) -> None:
        raise SaleorUnreachable

    monkeypatch.setattr(shop, "checkout", away)
    assert requoting.quote_due(now=NOW + HOUR) == 1
    assert requoting.quote_due(now=NOW + HOUR) == 0
    monkeypatch.undo()
    assert requoting.due(now=NOW + HOUR + timedelta(minutes=10)) == 1


def test_what_is_refused_is_asked_ever_later_and_at_last_no_more_which_staff_are_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    promise()

    def refuses(*_: object) -> None:
        raise SaleorError

    monkeypatch.setattr(shop, "checkout", refuses)
    at, spans = NOW + HOUR, []
    while requoting.quote_due(now=at):
        due = PricePromise.objects.get().quote_due
        if due is None:
            break
        assert requoting.due(now=due - timedelta(seconds=1)) == 0
        spans.append((due - at) // timedelta(minutes=10))
        at = due
    assert spans == [2, 4, 8, 16, 32, 64, 128, 144, 144]
    [told] = [one for one in health(SYSTEM, now=at) if one.code == "quotes_refused"]
    assert (told.facts["why"], told.facts["count"], told.facts["ended"]) == ("saleor_error", 1, 1)
    # Whoever changes the cart is quoted, and all is well again.
    monkeypatch.undo()
    promise(at)
    assert not [one for one in health(SYSTEM, now=at) if one.code == "quotes_refused"]
    assert PricePromise.objects.get().quote_due > at


def test_a_promotion_that_began_meanwhile_is_found_at_the_latest_when_it_runs_out(shop: Shop):
    promise()
    assert shop.fact is not None
    first = replace(shop.fact.lines[0], promotion_price=3_000, unit_price=2_700)
    shop.fact = replace(shop.fact, lines=(first, *shop.fact.lines[1:]))
    requoting.quote_due(now=NOW + HOUR)
    # The sale is better than the member price: the customer keeps it, and no override stands in its way.
    assert shop.fact.lines[0].override_reason == ""
