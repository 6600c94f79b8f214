"""Walks an open cart to an order at Saleor — address, delivery, test payment; keeps nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from sandbox.shop import cart as carts
from sandbox.shop import door, loyalty, saleor
from sandbox.shop.cart import Cart
from sandbox.shop.money import Money

GATEWAY = "sandbox.psp"


@dataclass(frozen=True)
class Delivery:
    """One way to send the parcel; `id` is the one Saleor takes back."""

    id: str
    name: str
    price: Money
    days: tuple[int | None, int | None]


def set_contact(request: HttpRequest, cart: Cart, email: str, address: dict[str, Any]) -> None:
    """E-mail and address of the parcel, also used for the bill. Raises saleor.Refused."""
    if email != cart.email:
        door.mutate(request, "CartEmail", {"id": cart.id, "email": email})
    door.mutate(request, "CartAddress", {"id": cart.id, "address": address})
    door.mutate(request, "CartBilling", {"id": cart.id, "address": address})


def deliveries(request: HttpRequest, cart: Cart) -> list[Delivery]:
    """The ways this cart can be sent, cheapest first."""
    payload = door.mutate(request, "CartDeliveries", {"id": cart.id})
    found = []
    for delivery in payload["deliveries"]:
        method = delivery["shippingMethod"]
        price = Money.read(method["price"]) if method else None
        if method and price is not None and method["active"]:
            days = method["minimumDeliveryDays"], method["maximumDeliveryDays"]
            found.append(Delivery(delivery["id"], method["name"], price, days))
    return sorted(found, key=lambda d: d.price.minor)


def set_delivery(request: HttpRequest, cart: Cart, delivery_id: str) -> None:
    door.mutate(request, "CartDelivery", {"id": cart.id, "method": delivery_id})


def place(request: HttpRequest, cart: Cart) -> str:
    """Pays with the test gateway and completes; returns the order's id. Raises saleor.Refused.

    Benefits are checked once more before paying: a cart may be older than the member's tier.
    """
    if not door.enforced():
        loyalty.apply_benefits(request, cart.id)
    current = carts.read(request)
    if current is None:
        raise saleor.Refused([saleor.Problem("", "NOT_FOUND", "The cart is gone.")])
    if settings.SANDBOX_STANDIN:
        _pay(request, cart, current)
    else:
        _report_paid(cart, current)
    order = door.mutate(request, "CartComplete", {"id": cart.id})["order"]
    carts.forget(request)
    request.session["last_order"] = order["id"]
    return str(order["id"])


def _pay(request: HttpRequest, cart: Cart, current: Cart) -> None:
    """By the stand-in's own payment provider."""
    door.mutate(
        request,
        "CartPay",
        {
            "id": cart.id,
            "amount": str(current.total.decimal),
            # One key per cart and amount: a double click pays once.
            "key": f"{cart.id}:{current.total.minor}",
            "gateway": {"id": GATEWAY, "data": {"card": "test"}},
        },
    )


def _report_paid(cart: Cart, current: Cart) -> None:
    """As the test payment App, on a real Saleor: it says that the money came. Raises saleor.Refused without one."""
    token = settings.SANDBOX_PAYMENTS_TOKEN
    if not token:
        words = _("This demonstration has no way to be paid at this Saleor. Start it with --seed.")
        raise saleor.Refused([saleor.Problem("", "NO_PAYMENT_APP", words)])
    if saleor.call("CartCharge", {"id": cart.id}, token=token)["checkout"]["chargeStatus"] == "FULL":
        return  # a second click
    reference = f"{cart.id}:{current.total.minor}"
    made = saleor.mutate("CartTransaction", {"id": cart.id, "reference": reference}, token=token)
    saleor.mutate(
        "CartCharged",
        {
            "id": made["transaction"]["id"],
            "amount": str(current.total.decimal),
            "reference": reference,
        },
        token=token,
    )
