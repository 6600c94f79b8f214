"""Walks an open cart to an order at Saleor — address, delivery, test payment; keeps nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from loyalty_plugin.storefront import paying
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


def use_points(request: HttpRequest, cart: Cart, points: int) -> None:
    """Reserves points and has Saleor begin a payment with them; 0 takes them off. Raises LoyaltyError, saleor.Refused."""
    if points <= 0:
        paying.take_off(request, cart.id)
        return
    made = paying.use_points(request, cart.id, points)
    amount = Money(made.payment.amount, made.payment.currency)
    begun = door.mutate(
        request,
        "CartPay",
        {
            "id": cart.id,
            "amount": str(amount.decimal),
            "key": made.payment.pk.hex,
            "gateway": {"id": made.gateway, "data": {"token": made.token}},
        },
    )["transactionEvent"]
    if not begun["type"].endswith("_SUCCESS"):
        paying.take_off(request, cart.id)
        raise saleor.Refused([saleor.Problem("", "PAYMENT_FAILED", begun["message"])])


def place(request: HttpRequest, cart: Cart) -> str:
    """Pays with the test gateway and completes; returns the order's id. Raises saleor.Refused.

    Benefits are checked once more before paying: a cart may be older than the member's tier.
    """
    if not door.enforced():
        loyalty.apply_benefits(request, cart.id)
    current = carts.read(request)
    if current is None:
        raise saleor.Refused([saleor.Problem("", "NOT_FOUND", "The cart is gone.")])
    left = to_pay(current, paying.pay_offer(request, cart.id))
    if left.minor and settings.SANDBOX_STANDIN:
        _pay(request, cart, left)
    elif left.minor:
        _report_paid(cart, left)
    order = door.mutate(request, "CartComplete", {"id": cart.id})["order"]
    carts.forget(request)
    request.session["last_order"] = order["id"]
    return str(order["id"])


def to_pay(cart: Cart, offer: paying.PayOffer | None) -> Money:
    """What points leave of the total."""
    used = offer.in_use.minor if offer and offer.in_use and offer.in_use.begun else 0
    return Money(max(cart.total.minor - used, 0), cart.total.currency)


def _pay(request: HttpRequest, cart: Cart, left: Money) -> None:
    """By the stand-in's own payment provider."""
    door.mutate(
        request,
        "CartPay",
        {
            "id": cart.id,
            "amount": str(left.decimal),
            # One key per cart and amount: a double click pays once.
            "key": f"{cart.id}:{left.minor}",
            "gateway": {"id": GATEWAY, "data": {"card": "test"}},
        },
    )


def _report_paid(cart: Cart, left: Money) -> None:
    """As the test payment App, on a real Saleor: it says that the money came. Raises saleor.Refused without one."""
    token = settings.SANDBOX_PAYMENTS_TOKEN
    if not token:
        words = _("This demonstration has no way to be paid at this Saleor. Start it with --seed.")
        raise saleor.Refused([saleor.Problem("", "NO_PAYMENT_APP", words)])
    if saleor.call("CartCharge", {"id": cart.id}, token=token)["checkout"]["chargeStatus"] == "FULL":
        return  # a second click
    reference = f"{cart.id}:{left.minor}"
    made = saleor.mutate("CartTransaction", {"id": cart.id, "reference": reference}, token=token)
    saleor.mutate(
        "CartCharged",
        {
            "id": made["transaction"]["id"],
            "amount": str(left.decimal),
            "reference": reference,
        },
        token=token,
    )
