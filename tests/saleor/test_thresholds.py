"""A member never pays more in total than a guest, shipping included: at a checkout through the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.perks import CartDiscount
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.saleor.payloads.thresholds import running
from loyalty_plugin.services import programmes, realms
from loyalty_plugin.services.benefits import apply_benefits
from tests import factories
from tests.saleor.standinkit import CHANNEL, Caller
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare"]

TOTAL = "query($i:ID!){checkout(id:$i){totalPrice{gross{amount}} lines{priceOverrideReason}}}"
PROMO = "mutation($i:ID!,$p:String!){checkoutAddPromoCode(id:$i,promoCode:$p){errors{code}}}"
WAYS = "mutation($i:ID!){deliveryOptionsCalculate(id:$i){deliveries{id shippingMethod{price{amount}}} errors{code}}}"
CHOOSE = "mutation($i:ID!,$d:ID!){checkoutDeliveryMethodUpdate(id:$i,deliveryMethodId:$d){errors{code field message}}}"
STANDARD = {"name": "Standard", "price": {CHANNEL: "4.90", "eu": "4.90"}}


def connected(thread: Thread, permissions: Any = PERMISSIONS) -> Realm:
    thread.install(permissions)
    perk = {"id": "tenth", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}
    of = factories.programme(factories.document(perks=[perk]), currency="USD")
    realm = Realm.objects.get(api_url=API)
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=realm.pk, slugs=[CHANNEL], now=now()
    )
    return realm


@pytest.fixture
def shop(bare: Thread) -> Iterator[Thread]:
    """A tea shop whose seeds are put back afterwards; nothing is remembered of its minima."""
    cache.clear()
    yield bare
    bare.shop.anonymous.control(
        "seed",
        shippingMethods=[
            {"name": "Standard", "price": {CHANNEL: "0", "eu": "4.90"}},
            {"name": "Free", "price": {}},
        ],
        promotions=[{"name": "From 42", "fixed": "5", "orderFrom": "42", "active": False}],
        vouchers=[{"code": "SEVEN", "fixed": "7", "active": False}],
    )
    cache.clear()


def pays(thread: Thread, caller: Caller, code: str) -> tuple[float, bool]:
    """What somebody has to pay for 45.00 of tea sent the cheapest way, and whether it is at a member price."""
    cart = thread.shop.checkout(caller, [("S-250", 1), ("S-100", 1)])
    if code:
        caller.data(PROMO, i=cart["id"], p=code)
    thread.settle()
    if caller is not thread.shop.anonymous:
        apply_benefits(SYSTEM, realm_url=API, checkout_id=cart["id"], now=now())
    ways = caller.data(WAYS, i=cart["id"])["deliveryOptionsCalculate"]["deliveries"]
    least = min(ways, key=lambda way: way["shippingMethod"]["price"]["amount"])
    caller.data(CHOOSE, i=cart["id"], d=least["id"])
    read = thread.shop.owner.data(TOTAL, i=cart["id"])["checkout"]
    marked = any(line["priceOverrideReason"] for line in read["lines"])
    return float(read["totalPrice"]["gross"]["amount"]), marked


#: What the shop has, the code on the cart, what a guest pays, and what a member: 40.50 for the tea where nothing is lost.
SHOPS: list[tuple[str, dict[str, Any], str, float, float]] = [
    ("nothing to lose", {"shippingMethods": [STANDARD]}, "", 49.90, 45.40),
    (
        "free shipping from 42",
        {"shippingMethods": [STANDARD, {"name": "Free", "price": {CHANNEL: "0"}, "from": {CHANNEL: "42"}}]},
        "", 45.00, 42.00,
    ),
    ("five off from 42", {"promotions": [{"name": "From 42", "fixed": "5", "orderFrom": "42"}]}, "", 40.00, 37.00),
    (
        "a voucher of seven from 42",
        {"vouchers": [{"code": "SEVEN", "fixed": "7", "minSpent": {CHANNEL: "42"}}]},
        "SEVEN", 38.00, 35.00,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "code", "guest", "member"), [s[1:] for s in SHOPS], ids=[s[0] for s in SHOPS]
)
def test_a_member_pays_no_more_than_a_guest(
    shop: Thread, seed: dict[str, Any], code: str, guest: float, member: float
):
    shop.shop.anonymous.control("seed", **seed)
    connected(shop)
    _email, caller = shop.shop.customer()
    shop.settle()
    assert pays(shop, shop.shop.anonymous, code) == (guest, False)
    assert pays(shop, caller, code) == (member, True)


def test_where_saleor_refuses_to_tell_nothing_is_lowered(shop: Thread):
    connected(shop, [one for one in PERMISSIONS if one != "MANAGE_DISCOUNTS"])
    _email, caller = shop.shop.customer()
    shop.settle()
    assert pays(shop, caller, "") == (45.00, False)


def test_a_staging_copy_lays_no_member_prices_and_takes_back_what_it_had(shop: Thread):
    realm = connected(shop)
    _email, caller = shop.shop.customer()
    shop.settle()
    cart = shop.shop.checkout(caller, [("S-100", 1)])
    shop.settle()
    marks = [one.override_reason for one in ports.storefront.checkout(API, cart["id"]).lines]  # type: ignore[union-attr]
    assert marks[0].startswith("loyalty:")
    realms.set_live(SYSTEM, realm_id=realm.pk, live=False, now=now())
    caller.data(
        "mutation($i:ID!,$l:[CheckoutLineUpdateInput!]!){checkoutLinesUpdate(id:$i,lines:$l){errors{code}}}",
        i=cart["id"],
        l=[{"lineId": cart["lines"][0]["id"], "quantity": 2}],
    )
    shop.settle()
    other = shop.shop.checkout(caller, [("S-100", 1)])
    shop.settle()
    for checkout in (cart, other):
        fact = ports.storefront.checkout(API, checkout["id"])
        assert fact is not None
        assert [(one.unit_price, one.override_reason) for one in fact.lines] == [(1000, "")]
    assert Member.objects.exists()


def rule(predicate: Any, **more: Any) -> dict[str, Any]:
    return {
        "startDate": "2026-01-01T00:00:00+00:00",
        "endDate": None,
        "rules": [
            {
                "channels": [{"slug": "eu"}],
                "orderPredicate": predicate,
                "rewardType": "SUBTOTAL_DISCOUNT",
                "rewardValueType": "PERCENTAGE",
                "rewardValue": "12.5",
                **more,
            }
        ],
    }


def subtotal(**bounds: str) -> dict[str, Any]:
    return {"discountedObjectPredicate": {"baseSubtotalPrice": {"range": bounds}}}


@pytest.mark.parametrize(
    ("predicate", "more", "expected"),
    [
        (subtotal(gte="200"), {}, (CartDiscount(20_000, off=1_250),)),
        (subtotal(gte="10", lte="20"), {}, (CartDiscount(1_000, 2_000, off=1_250),)),
        ({}, {"rewardValueType": "FIXED"}, (CartDiscount(0, fixed=1_250),)),
        (subtotal(gte="5"), {"rewardType": "GIFT"}, (CartDiscount(500, must_stay=True, lowers=False),)),
        (
            {"OR": [subtotal(gte="5"), {"AND": [subtotal(lte="3"), subtotal(gte="1")]}]},
            {},
            (CartDiscount(500, off=1_250), CartDiscount(100, 300, off=1_250)),
        ),
        ({"discountedObjectPredicate": {"baseTotalPrice": {"range": {"gte": "5"}}}}, {}, None),
        ({"discountedObjectPredicate": {"baseSubtotalPrice": {"oneOf": ["5"]}}}, {}, None),
        (["5"], {}, None),
        (subtotal(gte="much"), {}, None),
    ],
)
def test_what_a_promotion_asks_for_is_understood_or_called_unknown(
    predicate: Any, more: dict[str, Any], expected: Any
):
    [found] = running(rule(predicate, **more), "eu", "EUR")
    assert found.discounts == expected
    assert running(rule(predicate, **more), "us", "EUR") == []
