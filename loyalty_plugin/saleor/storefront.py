"""Reads orders, customers and checkouts of a Saleor as facts and sets line prices; the bound Storefront of the house."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from loyalty_plugin.domain.facts import PAGE, CheckoutFact, CustomerFact, OrderFact, Page, Part, ShelfFact
from loyalty_plugin.domain.perks import Thresholds
from loyalty_plugin.domain.shopping import Passed
from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import AppTokenDead, InvalidInput, NotFound, SaleorError, TryLater
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import pages
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.connections import connected
from loyalty_plugin.saleor.payloads.checkouts import checkout_fact
from loyalty_plugin.saleor.payloads.customers import customer_fact
from loyalty_plugin.saleor.payloads.orders import order_fact
from loyalty_plugin.saleor.payloads.passed import passed
from loyalty_plugin.saleor.payloads.shelves import shelf_fact
from loyalty_plugin.saleor.standing import over
from loyalty_plugin.saleor.thresholds import thresholds


class SaleorStorefront:
    """`domain.ports.Storefront` over the installation of each realm. Raises TryLater where there is none."""

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        """Orders as they are now, by id, at most `PAGE`; unknown ids are missing."""
        data = call(realm, "orders", ids=_page(order_ids))
        return {node["id"]: order_fact(realm, node) for node in _nodes(data["orders"])}

    def customers(self, realm: str, user_ids: Sequence[str]) -> Mapping[str, CustomerFact]:
        """Customer accounts as they are now, by id, at most `PAGE`; unknown ids are missing."""
        data = call(realm, "customers", ids=_page(user_ids))
        return {node["id"]: customer_fact(realm, node) for node in _nodes(data["customers"])}

    def orders_page(self, realm: str, part: Part) -> Page[OrderFact]:
        """A page of all orders."""
        return pages.page(partial(call, realm), "orders", partial(order_fact, realm), part)

    def customers_page(self, realm: str, part: Part) -> Page[CustomerFact]:
        """A page of all customers."""
        return pages.page(partial(call, realm), "customers", partial(customer_fact, realm), part)

    def failed_events(self, realm: str) -> Iterator[tuple[str, bytes]]:
        """Events Saleor gave up telling us of, as long as it remembers them (14 days): kind and body."""
        return pages.failed_events(partial(call, realm))

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact | None:
        """The checkout as it is now, None when there is none (any more)."""
        found = call(realm, "checkout", id=checkout_id)["checkout"]
        return checkout_fact(realm, found) if found else None

    def thresholds(self, checkout: CheckoutFact, *, now: datetime) -> Thresholds:
        """The minima that this cart can fall below, as of the last five minutes; see `saleor.thresholds`."""
        found = thresholds(
            call, checkout.realm, checkout.channel,
            country=checkout.country, voucher=checkout.voucher_code, now=now,
        )  # fmt: skip
        return found if checkout.sent else replace(found, sending=())

    def shelf(self, realm: str, channel: str, variant_ids: Sequence[str]) -> Mapping[str, ShelfFact]:
        """Variants as a channel sells them now, by id, at most `PAGE`; what it sells to nobody is missing."""
        facts = self.variant_prices(realm, channel, variant_ids)
        # Saleor says what is published in a channel to who may manage products, but lets anybody ask for that alone.
        ids = sorted({fact.product_id for fact in facts.values()})
        data = (
            call(realm, "published_products", ids=ids, channel=channel)
            if ids
            else {"products": {"edges": ()}}
        )
        published = {node["id"] for node in _nodes(data["products"])}
        return {key: fact for key, fact in facts.items() if fact.product_id in published}

    def variant_prices(self, realm: str, channel: str, variant_ids: Sequence[str]) -> Mapping[str, ShelfFact]:
        """Variants with their prices in a channel, published or not."""
        data = call(realm, "variant_prices", ids=_page(variant_ids), channel=channel)
        facts = (_shelved(node, node["product"], data) for node in _nodes(data["productVariants"]))
        return {fact.variant_id: fact for fact in facts if fact is not None}

    def shelf_of_products(
        self, realm: str, channel: str, product_ids: Sequence[str]
    ) -> Mapping[str, Sequence[ShelfFact]]:
        """The same of all variants of products, by product, at most `PAGE` products."""
        data = call(realm, "shelf_products", ids=_page(product_ids), channel=channel)
        return {
            node["id"]: [
                fact
                for variant in node["variants"] or ()
                if (fact := _shelved(variant, node, data)) is not None
            ]
            for node in _nodes(data["products"])
        }

    def confirm_token(self, realm: str, token: str) -> str:
        """The customer whose access token Saleor says this is now, empty if it is nobody's.

        Sent with our own token, so that it works where Saleor lets no storefront in. Saleor calls refresh tokens and
        those of staff valid, too: they are nobody's here.
        """
        try:
            answer = call(realm, "token_verify", token=token)["tokenVerify"]
        except SaleorError as error:
            if _codes(error) and all(code.startswith("JWT_") for code in _codes(error)):
                return ""
            raise
        payload, user = answer["payload"] or {}, answer["user"] or {}
        is_customer = payload.get("type") == "access" and payload.get("is_staff") is False
        if not (answer["isValid"] and is_customer and user.get("isActive")):
            return ""
        return str(user["id"])

    def pass_on(
        self, realm: str, operation: str, variables: Mapping[str, Any], *, address: str = ""
    ) -> Passed:
        """Run `operations/buyer_<operation>` for a buyer at this address; Saleor's answer, its errors included.

        What is read for ourselves beside (as `loyalty`) is taken out of it.
        """
        answer = _asked(
            realm, lambda client: client.pass_on(f"buyer_{operation}", variables, address=address)
        )
        return passed(realm, answer)

    def transaction_checkout(self, realm: str, transaction_id: str) -> str:
        """The checkout that a payment was begun on, empty where there is none (any more)."""
        found = call(realm, "transaction_checkout", id=transaction_id)["transaction"] or {}
        return str((found.get("checkout") or {}).get("id") or "")

    def set_line_prices(
        self,
        realm: str,
        checkout_id: str,
        prices: Sequence[tuple[str, int | None, str]],
        *,
        currency: str = "",
    ) -> CheckoutFact:
        """Set the base unit price of lines: (line id, minor units or None to clear, reason); the new state.

        The currency is the checkout's; given by a caller who has just read it, it saves a call. Raises NotFound for
        a checkout that is gone.
        """
        if not currency:
            before = self.checkout(realm, checkout_id)
            if before is None:
                raise NotFound(checkout=checkout_id)
            currency = before.currency
        try:
            data = call(
                realm,
                "checkout_set_prices",
                id=checkout_id,
                lines=[_line(line_id, amount, reason, currency) for line_id, amount, reason in prices],
            )
        except SaleorError as error:
            if _codes(error) == {"NOT_FOUND"}:
                raise NotFound(checkout=checkout_id) from error
            raise
        return checkout_fact(realm, data["checkoutLinesUpdate"]["checkout"])


def call(realm: str, operation: str, **variables: Any) -> Mapping[str, Any]:
    """Run an operation with our token in this realm; a dead token is noted on the installation."""
    return _asked(realm, lambda client: client.execute(operation, **variables))


def _asked(realm: str, ask: Callable[[SaleorClient], Mapping[str, Any]]) -> Mapping[str, Any]:
    ours = connected(realm)
    if ours is None:
        raise TryLater(reason="not_installed", realm=realm)
    try:
        return ask(SaleorClient(realm, ours.token))
    except AppTokenDead:
        again = connected(realm, fresh=True)
        if again is not None and again.token != ours.token:
            # Reinstalled a moment ago, in another process.
            return ask(SaleorClient(realm, again.token))
        if again is not None and again.state != Installation.State.DEAD:
            over(again, now=timezone.now())
        raise


def _shelved(
    variant: Mapping[str, Any], product: Mapping[str, Any], data: Mapping[str, Any]
) -> ShelfFact | None:
    with_tax = bool(data["channel"]) and data["channel"]["taxConfiguration"]["pricesEnteredWithTax"]
    return shelf_fact(variant, product, with_tax)


def _page(ids: Sequence[str]) -> list[str]:
    if len(ids) > PAGE:
        raise InvalidInput("more ids than a page holds", ids=len(ids), page=PAGE)
    return list(ids)


def _nodes(connection: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def _line(line_id: str, amount: int | None, reason: str, currency: str) -> dict[str, Any]:
    if amount is None:
        # Saleor refuses a reason without a price; clearing the price clears the reason.
        return {"lineId": line_id, "price": None}
    return {"lineId": line_id, "price": Money(amount, currency).decimal, "priceOverrideReason": reason}


def _codes(error: SaleorError) -> set[str]:
    errors = error.details.get("errors")
    return {str(one["code"]) for one in errors} if isinstance(errors, list) else set()
