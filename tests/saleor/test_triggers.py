"""Whatever a customer does with a checkout, the next event quotes it again: attach, lines, voucher, address, detach."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services import benefits, programmes
from loyalty_plugin.webhooks import looking
from tests import factories
from tests.saleor.standinkit import ADDRESS, CHANNEL
from tests.saleor.test_attacks import ADD, ATTACH, DETACH, EMAIL, MOVE, SET, VOUCHER
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare"]


def open_units() -> list[tuple[str, int]]:
    rows = PricePromise.objects.filter(status="applied").order_by("created_at")
    return sorted(rows.values_list("variant_id", "quantity"))


def test_every_change_is_quoted_again(bare: Thread, monkeypatch: pytest.MonkeyPatch):
    bare.install()
    perk = {"id": "tenth", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}
    of = factories.programme(factories.document(perks=[perk]), currency="USD")
    realm = Realm.objects.get(api_url=API)
    programmes.serve_channels(SYSTEM, programme_id=of.pk, realm_id=realm.pk, slugs=[CHANNEL], now=now())
    quoted: list[str] = []

    def noted(*args: Any, checkout_id: str, **more: Any) -> benefits.Promised:
        quoted.append(checkout_id)
        return benefits.apply_benefits(*args, checkout_id=checkout_id, **more)

    monkeypatch.setattr(looking, "benefits", type("Noting", (), {"apply_benefits": staticmethod(noted)}))
    shop = bare.shop
    _email, caller = shop.customer()
    bare.settle()
    # A guest's cart, filled before its owner is known.
    cart = shop.ready(shop.anonymous, [("S-100", 1)], email="somebody@mail.example")
    bare.settle()
    assert quoted == []
    tea, large = shop.variant("S-100"), shop.variant("S-250")
    line = cart["lines"][0]["id"]
    steps: list[tuple[str, dict[str, Any], list[tuple[str, int]]]] = [
        (ATTACH, {}, [(tea, 1)]),
        (SET, {"l": [{"lineId": line, "quantity": 3}]}, [(tea, 3)]),
        (ADD, {"l": [{"variantId": large, "quantity": 1}]}, sorted([(tea, 3), (large, 1)])),
        (VOUCHER, {"p": "FIVE"}, sorted([(tea, 3), (large, 1)])),
        (MOVE, {"a": ADDRESS}, sorted([(tea, 3), (large, 1)])),
        (EMAIL, {"e": "other@mail.example"}, sorted([(tea, 3), (large, 1)])),
        (DETACH, {}, []),
    ]
    for mutation, variables, expected in steps:
        before = len(quoted)
        caller.data(mutation, i=cart["id"], **variables)
        bare.settle()
        assert len(quoted) > before, mutation
        assert open_units() == expected, mutation
