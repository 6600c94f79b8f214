"""Talks to the stand-in Saleor: fills it, installs the plugin as its App, registers people, places their orders."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings

from sandbox.seed import catalogue, history
from sandbox.seed.callers import Account, SeedError
from sandbox.seed.people import PASSWORD, STAFF, Person

STOCK = 5000


class StandIn:
    """One connection to the stand-in, as its control door and, once signed in, as the shop's owner."""

    def __init__(self, url: str = "") -> None:
        there = url or settings.SANDBOX_SALEOR_URL
        self._http = httpx.Client(base_url=there, timeout=120)
        boss = next(person for person in STAFF if person.superuser)
        self.owner = Account(
            f"{there}/graphql/",
            boss.email,
            PASSWORD,
            self._http,
            through=getattr(settings, "SANDBOX_STOREFRONT_TOKEN", ""),
        )

    def close(self) -> None:
        self._http.close()

    # -- control door ----------------------------------------------------------------------------------
    def door(self, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST a body to a control door, or GET it without one."""
        path = f"/_standin/{name}"
        answer = self._http.get(path) if body is None else self._http.post(path, json=body)
        if answer.status_code != 200:
            raise SeedError(f"The stand-in Saleor refused {path}: {answer.text[:300]}")
        return answer.json()

    def fill(self) -> dict[str, dict[str, str]]:
        """Catalogue, ways of sending, and the staff with their Saleor accounts; ids by kind and slug."""
        return self.door("seed", description())

    def register(self, people: Iterable[Person], joined: dict[str, date]) -> None:
        """Accounts with a confirmed e-mail, announced as registrations are."""
        self.door("seed", {"customers": [_customer(person, joined[person.email]) for person in people]})

    def place(self, purchases: Iterable[history.Purchase]) -> list[dict[str, Any]]:
        """Places paid orders at their own time; answers what the stand-in says of each."""
        orders = [_order(purchase) for purchase in purchases]
        return self.door("orders", {"orders": orders})["orders"] if orders else []

    def settle(self, seconds: float = 120) -> None:
        """Waits until every webhook has been delivered or given up."""
        deadline = time.monotonic() + seconds
        while self.door("deliveries")["pending"]:
            if time.monotonic() > deadline:
                raise SeedError(
                    "The stand-in Saleor's webhooks are not accepted by the shop. See the shop's log."
                )
            time.sleep(0.05)

    def close_storefront(self) -> None:
        """From now on customers and guests are refused there: they buy at the plugin's own door."""
        self.door("shop", {"allowStorefrontTraffic": False})

    # -- as the owner ----------------------------------------------------------------------------------
    def install(self, manifest_url: str, seconds: float = 120) -> None:
        """Installs the plugin as an App, as a merchant does in the Dashboard; does nothing when it is there already."""
        manifest = httpx.get(manifest_url, timeout=60)
        if manifest.status_code != 200:
            raise SeedError(f"The plugin's manifest at {manifest_url} answers {manifest.status_code}.")
        apps = self.owner.ask("{apps(first:50){edges{node{identifier}}}}")["apps"]["edges"]
        if manifest.json()["id"] in {edge["node"]["identifier"] for edge in apps}:
            return
        query = (
            "mutation($i:AppInstallInput!){appInstall(input:$i){appInstallation{id} errors{field message}}}"
        )
        wish = {
            "appName": manifest.json()["name"],
            "manifestUrl": manifest_url,
            "activateAfterInstallation": True,
            "permissions": manifest.json()["permissions"],
        }
        started = self.owner.change(query, i=wish)
        self._await_installation(started["appInstallation"]["id"], seconds)

    def _await_installation(self, installation: str, seconds: float) -> None:
        """A row that is gone was installed; one that failed says why."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            rows = self.owner.ask("{appsInstallations{id status message}}")["appsInstallations"]
            row = next((r for r in rows if r["id"] == installation), None)
            if row is None:
                return
            if row["status"] == "FAILED":
                raise SeedError(f"The App could not be installed: {row['message']}")
            time.sleep(0.05)
        raise SeedError("The App's installation did not end. See the shop's log.")

    # -- afterwards ------------------------------------------------------------------------------------
    def send_back(self, order_id: str) -> None:
        """One unit of the first line sent back, and its price refunded for it by the test payment provider."""
        found = self.owner.ask("query($i:ID!){order(id:$i){transactions{id} lines{id}}}", i=order_id)["order"]
        transaction = found["transactions"][0]["id"]
        granted = self.owner.change(
            "mutation($o:ID!,$i:OrderGrantRefundCreateInput!){orderGrantRefundCreate(id:$o,input:$i)"
            "{grantedRefund{id} errors{message}}}",
            o=order_id,
            i={
                "lines": [{"id": found["lines"][0]["id"], "quantity": 1, "reason": "Sent back unused"}],
                "transactionId": transaction,
                "reason": "Return",
            },
        )["grantedRefund"]
        self.owner.change(
            "mutation($t:ID!,$g:ID!){transactionRequestRefundForGrantedRefund(id:$t,grantedRefundId:$g)"
            "{errors{message}}}",
            t=transaction,
            g=granted["id"],
        )


def description() -> dict[str, Any]:
    """The whole shop as the stand-in's seed door takes it."""
    shop = settings.SANDBOX_SHOP_URL
    everywhere = catalogue.CHANNEL
    return {
        "channels": [
            {
                "slug": everywhere,
                "name": "Kiln & Leaf",
                "currency": catalogue.CURRENCY,
                "country": "DE",
                "taxRate": "0.19",
                "pricesEnteredWithTax": True,
            }
        ],
        "categories": [{"slug": s, "name": n, "description": t} for s, n, t in catalogue.CATEGORIES],
        "collections": [{"slug": s, "name": n} for s, n in catalogue.COLLECTIONS],
        "products": [
            {
                "slug": goods.slug,
                "name": goods.name,
                "description": goods.text,
                "category": goods.category,
                "collections": list(goods.collections),
                "images": [{"url": f"{shop}/media/catalogue/{goods.slug}.svg", "alt": goods.name}],
                "variants": [
                    {"sku": goods.sku(i), "name": name, "prices": {everywhere: _major(cents)}, "stock": STOCK}
                    for i, (name, cents) in enumerate(goods.sizes)
                ],
            }
            for goods in catalogue.GOODS
        ],
        "promotions": [
            {
                "name": catalogue.SALE["name"],
                "percentage": str(catalogue.SALE["percent"]),
                "products": catalogue.SALE["products"],
            }
        ],
        "shippingMethods": [
            {"name": "Standard", "price": {everywhere: "4.90"}, "minimumDays": 2, "maximumDays": 4},
            {"name": "Express", "price": {everywhere: "9.90"}, "minimumDays": 1, "maximumDays": 1},
        ],
        "apps": [
            {"name": "Storefront", "token": token, "permissions": []}
            for token in [getattr(settings, "SANDBOX_STOREFRONT_TOKEN", "")]
            if token
        ],
        "staff": [
            {
                "email": person.email,
                "password": PASSWORD,
                "firstName": person.first,
                "lastName": person.last,
                **(
                    {"superuser": True}
                    if person.superuser
                    else {"permissions": ["MANAGE_ORDERS", "MANAGE_USERS"]}
                ),
            }
            for person in STAFF
        ],
    }


def _major(cents: int) -> str:
    return str(Decimal(cents).scaleb(-2))


def _customer(person: Person, joined: date) -> dict[str, Any]:
    return {
        "email": person.email,
        "password": PASSWORD,
        "firstName": person.first,
        "lastName": person.last,
        "confirmed": True,
        "joined": datetime.combine(joined, clock_time(9), UTC).isoformat(),
        "address": {
            "firstName": person.first,
            "lastName": person.last,
            "streetAddress1": "Lindenstraße 8",
            "postalCode": "04107",
            "city": person.city,
            "country": "DE",
        },
    }


def _order(purchase: history.Purchase) -> dict[str, Any]:
    sent = None if purchase.sent_after is None else purchase.at + timedelta(days=purchase.sent_after)
    return {
        "customer": purchase.person.email,
        "channel": catalogue.CHANNEL,
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in purchase.lines],
        "shipping": "Standard",
        # A price laid on the cart while it is being completed would be an incident, in a history without any.
        "straight": True,
        "at": purchase.at.isoformat(),
        "paid": True,
        "fulfilled": sent.isoformat() if sent else False,
    }
