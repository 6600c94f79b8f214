"""A customer at the GraphQL door: real tokens, a fixed clock, and a shop that answers from memory."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from loyalty_plugin import registry
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact, CustomerFact, ShelfFact
from loyalty_plugin.domain.perks import Thresholds
from loyalty_plugin.saleor import connections, jwks
from tests.factories import CHANNEL, NOW, REALM, document
from tests.saleor.roomkit import KEY, install

USER = base64.b64encode(b"User:46").decode()
RULES = document(
    perks=[{"id": "tiers", "perk": "tier_discount", "params": {"rates": {"basic": 500, "premium": 1000}}}],
)


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Shop:
    """The shop's commerce side, in memory."""

    accounts: dict[str, CustomerFact] = field(default_factory=dict)
    checkouts: dict[str, CheckoutFact] = field(default_factory=dict)
    delivered: list[int] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    variants: dict[str, ShelfFact] = field(default_factory=dict)
    #: How often the shelves were read.
    looks: int = 0

    def shelf(self, realm: str, channel: str, variant_ids: Sequence[str]) -> Mapping[str, ShelfFact]:
        self.looks += 1
        return {i: self.variants[i] for i in variant_ids if i in self.variants}

    def shelf_of_products(
        self, realm: str, channel: str, product_ids: Sequence[str]
    ) -> Mapping[str, Sequence[ShelfFact]]:
        self.looks += 1
        return {i: [v for v in self.variants.values() if v.product_id == i] for i in product_ids}

    def put_on_shelf(self, variant_id: str, price: int = 4000, product_id: str = "P1") -> None:
        self.variants[variant_id] = ShelfFact(variant_id, product_id, price, price, "EUR")

    def confirm_token(self, realm: str, token: str) -> str:
        return "" if token in self.revoked else USER

    def customers(self, realm: str, user_ids: Sequence[str]) -> Mapping[str, CustomerFact]:
        return {i: self.accounts[i] for i in user_ids if i in self.accounts}

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact | None:
        return self.checkouts.get(checkout_id)

    def thresholds(self, checkout: CheckoutFact, *, now: datetime) -> Thresholds:
        return Thresholds()

    def deliver(self, item_ids: Sequence[int], *, now: datetime) -> Mapping[str, int]:
        self.delivered.extend(item_ids)
        return {"done": len(item_ids)}

    def account(self, user_id: str = USER, **more: Any) -> CustomerFact:
        fact = CustomerFact(
            **{
                "realm": REALM,
                "user_id": user_id,
                "email": "ada@mail.example",
                "name": "Ada Lovelace",
                "active": True,
                "confirmed": True,
                "language": "en",
                "joined_at": NOW,
                "updated_at": NOW,
                **more,
            }
        )
        self.accounts[user_id] = fact
        return fact

    def open_checkout(self, user_id: str = USER, checkout_id: str = "Q2hlY2tvdXQ6MQ==") -> CheckoutFact:
        fact = CheckoutFact(
            realm=REALM,
            checkout_id=checkout_id,
            channel=CHANNEL,
            currency="EUR",
            user_id=user_id,
            email="ada@mail.example",
            total_gross=8000,
            lines=(
                CheckoutLineFact(
                    line_id="L1",
                    variant_id="V1",
                    product_id="P1",
                    quantity=2,
                    list_price=4000,
                    promotion_price=4000,
                    unit_price=4000,
                ),
            ),
        )
        self.checkouts[checkout_id] = fact
        return fact


@dataclass
class Door:
    """Posts operations as a storefront does."""

    shop: Shop
    clock: Clock
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    token: str | None = None

    def sign_in(self, user_id: str = USER, **claims: Any) -> None:
        self.token = KEY.token(iss=REALM, user_id=user_id, **claims)

    def post(self, query: str, *, path: str = "/loyalty/graphql/", **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.post(
            path, {"query": query, "variables": variables}, content_type="application/json", headers=headers
        )

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data. Fails on any error."""
        body = self.post(query, **variables).json()
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    def refused(self, query: str, **variables: Any) -> dict[str, Any]:
        """The first error."""
        error: dict[str, Any] = self.post(query, **variables).json()["errors"][0]
        return error


@pytest.fixture
def door(db: None, settings: Any) -> Iterator[Door]:
    """The door of a shop whose App is installed, with a programme's channel still to be served."""
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (REALM,)}
    connections.forget()
    jwks.forget()
    install(api_url=REALM)
    shop, clock = Shop(), Clock()
    before = dict(vars(registry.ports))
    registry.bind(clock=clock, storefront=shop, delivery=shop)  # type: ignore[arg-type]
    yield Door(shop, clock)
    vars(registry.ports).update(before)
    connections.forget()
    jwks.forget()
