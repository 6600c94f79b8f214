"""Every operation a buyer may ask for, with what it takes and how each id in it is checked; there are no others.

A path that is not declared is refused, nested ones too: what Saleor adds to an input in a later version stays closed
until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What stands at a path. The first five are ids, and each has its own way of being found the buyer's."""

    CHECKOUT = "checkout"
    #: A line of that checkout.
    LINE = "line"
    #: A way of sending that was worked out for that checkout.
    DELIVERY = "delivery"
    #: A payment begun on a checkout of the buyer's.
    TRANSACTION = "transaction"
    #: An order of the buyer's.
    ORDER = "order"
    #: A variant: anybody may name it, but what is kept for members is sold to them alone.
    VARIANT = "variant"
    #: The identifier of a payment App: a name, the same for everybody.
    GATEWAY = "gateway"
    TEXT = "text"
    #: A whole number from 0 on.
    WHOLE = "whole"
    #: A decimal number or its text, from 0 on.
    AMOUNT = "amount"
    #: Whatever the payment App wants to be told; Saleor passes it on unread.
    OPAQUE = "opaque"


#: The kinds that name something which is somebody's.
IDS: Final = frozenset(
    {Kind.CHECKOUT, Kind.LINE, Kind.DELIVERY, Kind.TRANSACTION, Kind.ORDER, Kind.VARIANT, Kind.GATEWAY}
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `document` is its name at the shop's adapter, `field` the shop's own name of what it does.

    `takes` is by path (`lines[].quantity`); `needs` are those without which it is not even looked at. `bound` are
    variables we fill in, which no buyer can.
    """

    document: str
    field: str
    takes: Mapping[str, Kind]
    needs: frozenset[str]
    bound: frozenset[str] = frozenset()


def _address(name: str) -> dict[str, Kind]:
    parts = (
        "firstName", "lastName", "companyName", "streetAddress1", "streetAddress2", "city", "cityArea",
        "postalCode", "country", "countryArea", "phone",
    )  # fmt: skip
    return {f"{name}.{part}": Kind.TEXT for part in parts}


_ADDED: Final = {"lines[].variantId": Kind.VARIANT, "lines[].quantity": Kind.WHOLE}
_CREATED: Final = {
    "input.channel": Kind.TEXT,
    "input.email": Kind.TEXT,
    "input.languageCode": Kind.TEXT,
    **{f"input.{path}": kind for path, kind in _ADDED.items()},
    **_address("input.shippingAddress"),
    **_address("input.billingAddress"),
}


def _of_checkout(
    document: str, field: str, needs: tuple[str, ...] = (), bound: tuple[str, ...] = (), **takes: Kind
) -> Operation:
    return _operation(document, field, {"id": Kind.CHECKOUT, **takes}, ("id", *needs), bound)


def _operation(
    document: str, field: str, takes: Mapping[str, Kind], needs: tuple[str, ...], bound: tuple[str, ...] = ()
) -> Operation:
    return Operation(document, field, takes, frozenset(needs), frozenset(bound))


#: By the name a storefront asks with.
OPERATIONS: Final[Mapping[str, Operation]] = {
    "Checkout": _of_checkout("checkout", "checkout"),
    "CheckoutCreate": _operation(
        "checkout_create", "checkoutCreate", _CREATED, ("input.channel", "input.lines")
    ),
    "CheckoutLinesAdd": _operation(
        "lines_add", "checkoutLinesAdd", {"id": Kind.CHECKOUT, **_ADDED}, ("id", "lines")
    ),
    "CheckoutLinesUpdate": _operation(
        "lines_update",
        "checkoutLinesUpdate",
        {"id": Kind.CHECKOUT, "lines[].lineId": Kind.LINE, "lines[].quantity": Kind.WHOLE},
        ("id", "lines"),
    ),
    "CheckoutLinesDelete": _operation(
        "lines_delete",
        "checkoutLinesDelete",
        {"id": Kind.CHECKOUT, "linesIds[]": Kind.LINE},
        ("id", "linesIds"),
    ),
    "CheckoutEmailUpdate": _of_checkout("email_update", "checkoutEmailUpdate", ("email",), email=Kind.TEXT),
    "CheckoutShippingAddressUpdate": _operation(
        "shipping_address_update",
        "checkoutShippingAddressUpdate",
        {"id": Kind.CHECKOUT, **_address("shippingAddress")},
        ("id", "shippingAddress"),
    ),
    "CheckoutBillingAddressUpdate": _operation(
        "billing_address_update",
        "checkoutBillingAddressUpdate",
        {"id": Kind.CHECKOUT, **_address("billingAddress")},
        ("id", "billingAddress"),
    ),
    "CheckoutCustomerNoteUpdate": _of_checkout(
        "note_update", "checkoutCustomerNoteUpdate", ("customerNote",), customerNote=Kind.TEXT
    ),
    "CheckoutLanguageCodeUpdate": _of_checkout(
        "language_update", "checkoutLanguageCodeUpdate", ("languageCode",), languageCode=Kind.TEXT
    ),
    "DeliveryOptionsCalculate": _of_checkout("delivery_options", "deliveryOptionsCalculate"),
    "CheckoutDeliveryMethodUpdate": _of_checkout(
        "delivery_method_update",
        "checkoutDeliveryMethodUpdate",
        ("deliveryMethodId",),
        deliveryMethodId=Kind.DELIVERY,
    ),
    "CheckoutAddPromoCode": _of_checkout(
        "promo_code_add", "checkoutAddPromoCode", ("promoCode",), promoCode=Kind.TEXT
    ),
    "CheckoutRemovePromoCode": _of_checkout(
        "promo_code_remove", "checkoutRemovePromoCode", ("promoCode",), promoCode=Kind.TEXT
    ),
    "CheckoutCustomerAttach": _of_checkout(
        "customer_attach", "checkoutCustomerAttach", bound=("customerId",)
    ),
    "CheckoutCustomerDetach": _of_checkout("customer_detach", "checkoutCustomerDetach"),
    "PaymentGatewayInitialize": _operation(
        "payment_gateways",
        "paymentGatewayInitialize",
        {
            "id": Kind.CHECKOUT,
            "amount": Kind.AMOUNT,
            "paymentGateways[].id": Kind.GATEWAY,
            "paymentGateways[].data": Kind.OPAQUE,
        },
        ("id",),
    ),
    "TransactionInitialize": _operation(
        "transaction_initialize",
        "transactionInitialize",
        {
            "id": Kind.CHECKOUT,
            "amount": Kind.AMOUNT,
            "idempotencyKey": Kind.TEXT,
            "paymentGateway.id": Kind.GATEWAY,
            "paymentGateway.data": Kind.OPAQUE,
        },
        ("id", "paymentGateway.id"),
        ("customerIpAddress",),
    ),
    "TransactionProcess": _operation(
        "transaction_process",
        "transactionProcess",
        {"id": Kind.TRANSACTION, "data": Kind.OPAQUE},
        ("id",),
        ("customerIpAddress",),
    ),
    "CheckoutComplete": _of_checkout("checkout_complete", "checkoutComplete"),
    "Order": _operation("order", "order", {"id": Kind.ORDER}, ("id",)),
    "MyOrders": _operation("orders", "user", {"after": Kind.TEXT}, (), ("userId",)),
}
