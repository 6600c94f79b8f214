"""What the tests of the shop's own pages share: a small host that shows one channel, its terms and goods, and who visits."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.template import Context, Template
from django.test import RequestFactory

from loyalty_plugin.models.members import Member
from loyalty_plugin.storefront.prices import Offer
from loyalty_plugin.storefront.stake import Cart, CartLine
from loyalty_plugin.storefront.visitor import Customer
from tests.factories import CHANNEL, NOW, REALM, document

RULES = document(
    perks=[{"id": "m", "perk": "tier_discount", "params": {"rates": {"basic": 500, "premium": 1000}}}],
)
RULES["earning"]["rules"].append(
    {"id": "visits", "rule": "check_in", "params": {"first": 1, "step": 1, "most": 7}}
)
OFFER = Offer("Variant:1", "Product:1", 6800, 6800, "EUR")
OFFERS = [OFFER, Offer("Variant:2", "Product:2", 3680, 4600, "EUR")]
CART = Cart("EUR", 6800, 0, [CartLine("Line:1", 1, 6800, 6800, "Product:1", "Variant:1")])

_signed_in: list[Customer] = []


def signed_in(_request: Any) -> Customer | None:
    """What a shop says of its visitor; here, whom the test put in."""
    return _signed_in[0] if _signed_in else None


class Clock:
    def now(self) -> Any:
        return NOW


@pytest.fixture(autouse=True)
def shop(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host that shows one channel, at a time that stands still, with nobody signed in."""
    settings.LOYALTY = {
        **settings.LOYALTY,
        "STOREFRONT_CUSTOMER": f"{__name__}.signed_in",
        "STOREFRONT_CHANNELS": {"testserver": CHANNEL},
        "STOREFRONT_PAGES": {"sign_in": "/sign-in/"},
    }
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": __name__}
    }
    monkeypatch.setattr("loyalty_plugin.registry.ports._clock", Clock())
    _signed_in.clear()
    cache.clear()
    return settings


def sign_in(of: Member | str) -> None:
    """The visitor is this member from now on, or whoever has this id at Saleor."""
    _signed_in[:] = [Customer(REALM, of if isinstance(of, str) else of.external_id)]


def render(text: str, **more: Any) -> str:
    request = RequestFactory().get("/")
    return Template(text).render(Context({"request": request, "csrf_token": "t", **more}))


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
