"""States which events our App listens to, and where in each body stand the ids of what it is about; reads no body.

Every subscription asks only for what happened and to which id; what it is worth is read later with our own token.
Never here: events whose body carries a token of a customer's (a confirmation, a deletion or a new e-mail asked for).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Subject(StrEnum):
    """What there is to look at."""

    ORDER = "order"
    CUSTOMER = "user"
    CHECKOUT = "checkout"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Event:
    """One event by Saleor's name for it, what its subscription selects, and the paths in that to what is named."""

    name: str
    selects: str
    paths: tuple[tuple[Subject, str], ...]
    #: What it claims beyond "something changed"; it only matters once a look has confirmed it.
    claims: str = ""

    @property
    def typename(self) -> str:
        """The name of its type in the signed body: ORDER_FULLY_PAID is OrderFullyPaid."""
        return "".join(word.capitalize() for word in self.name.split("_"))


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook of ours: the name by which it is found again, and what it hears."""

    identifier: str
    name: str
    events: tuple[Event, ...]
    #: Saleor waits for the answer, and never repeats the question.
    asks: bool = False

    @property
    def query(self) -> str:
        """The subscription: `__typename issuedAt recipient` and ids, nothing that could be personal."""
        parts = "".join(f" ... on {event.typename} {{ {event.selects} }}" for event in self.events)
        return f"subscription {{ event {{ __typename issuedAt recipient {{ id }}{parts} }} }}"


def _about(subject: Subject, selects: str, *names: str, claims: str = "") -> tuple[Event, ...]:
    return tuple(Event(name, selects, ((subject, subject.value),), claims) for name in names)


_USER: Final = "user { id }"
#: With whose it is, so that the many checkouts of strangers need no look.
_CHECKOUT: Final = "checkout { id user { id } }"

#: What staff or the shop ask of a transaction; the newest event is their request.
_ACTION: Final = (
    "action { amount currency } transaction { id "
    "events { id type createdAt } createdBy { ... on App { identifier } } }"
)

SUBSCRIPTIONS: Final = (
    Subscription(
        "loyalty-orders",
        "Loyalty: orders",
        (
            *_about(
                Subject.ORDER,
                "order { id }",
                "ORDER_CREATED",
                "ORDER_UPDATED",
                "ORDER_CONFIRMED",
                "ORDER_PAID",
                "ORDER_FULLY_PAID",
                "ORDER_CANCELLED",
                "ORDER_REFUNDED",
                "ORDER_FULLY_REFUNDED",
                "ORDER_FULFILLED",
                "ORDER_EXPIRED",
                # The shop may mark an order as a test.
                "ORDER_METADATA_UPDATED",
                "FULFILLMENT_CREATED",
                "FULFILLMENT_APPROVED",
                "FULFILLMENT_CANCELED",
                # A draft is none of Saleor's orders yet: a look finds nothing until it is completed.
                "DRAFT_ORDER_CREATED",
                "DRAFT_ORDER_UPDATED",
                "DRAFT_ORDER_DELETED",
            ),
            Event("ORDER_BULK_CREATED", "orders { id }", ((Subject.ORDER, "orders"),)),
        ),
    ),
    Subscription(
        "loyalty-customers",
        "Loyalty: customers",
        (
            *_about(
                Subject.CUSTOMER,
                _USER,
                "CUSTOMER_CREATED",
                "CUSTOMER_UPDATED",
                "ACCOUNT_CONFIRMED",
                "ACCOUNT_EMAIL_CHANGED",
            ),
            # Staff delete a customer, customers their account: one event each, never both.
            *_about(Subject.CUSTOMER, _USER, "CUSTOMER_DELETED", "ACCOUNT_DELETED", claims="deleted"),
        ),
    ),
    Subscription(
        "loyalty-checkouts",
        "Loyalty: checkouts",
        _about(
            Subject.CHECKOUT,
            _CHECKOUT,
            "CHECKOUT_CREATED",
            "CHECKOUT_UPDATED",
            "CHECKOUT_FULLY_AUTHORIZED",
            "CHECKOUT_FULLY_PAID",
        ),
    ),
    # Money of a transaction is told by the events of its order or checkout. This one, of its metadata, comes only
    # where the App was granted HANDLE_PAYMENTS, which it does not ask for.
    Subscription(
        "loyalty-transactions",
        "Loyalty: transactions",
        (
            Event(
                "TRANSACTION_ITEM_METADATA_UPDATED",
                f"transaction {{ order {{ id }} {_CHECKOUT} }}",
                ((Subject.ORDER, "transaction.order"), (Subject.CHECKOUT, "transaction.checkout")),
            ),
        ),
    ),
    Subscription(
        "loyalty-app",
        "Loyalty: this App",
        (
            *_about(Subject.APP, "app { id }", "APP_STATUS_CHANGED", claims="inactive"),
            *_about(Subject.APP, "app { id }", "APP_DELETED", claims="deleted"),
        ),
    ),
)

#: The type in the signed body by which Saleor asks for ways of sending. Its checkout must not be asked for prices:
#: they would null it.
SHIPPING_LIST: Final = "ShippingListMethodsForCheckout"
#: Those about payments, with what they ask for.
PAYMENTS: Final = {
    "TransactionInitializeSession": "initialize",
    "TransactionChargeRequested": "charge",
    "TransactionCancelationRequested": "cancel",
    "TransactionRefundRequested": "refund",
}
QUESTIONS: Final = (
    # Comes only where the App was granted MANAGE_SHIPPING, which it does not ask for while no perk of ours ships.
    Subscription(
        "loyalty-shipping",
        "Loyalty: ways of sending",
        (
            Event(
                "SHIPPING_LIST_METHODS_FOR_CHECKOUT",
                "checkout { id user { id } channel { slug currencyCode } }",
                (),
            ),
        ),
        asks=True,
    ),
    # These come only where the App was granted HANDLE_PAYMENTS. One webhook each: in one subscription the types of
    # their fields would clash. The first is put while a customer waits, the others when staff ask for something.
    Subscription(
        "loyalty-pay-begin",
        "Loyalty: payments with points",
        (
            Event(
                "TRANSACTION_INITIALIZE_SESSION",
                "data idempotencyKey action { amount currency } "
                "transaction { id createdBy { ... on App { identifier } } } "
                "sourceObject { __typename ... on Checkout { id user { id } } ... on Order { id user { id } } }",
                (),
            ),
        ),
        asks=True,
    ),
    Subscription(
        "loyalty-pay-charge",
        "Loyalty: charges",
        (Event("TRANSACTION_CHARGE_REQUESTED", _ACTION, ()),),
        asks=True,
    ),
    Subscription(
        "loyalty-pay-cancel",
        "Loyalty: releases",
        (Event("TRANSACTION_CANCELATION_REQUESTED", _ACTION, ()),),
        asks=True,
    ),
    Subscription(
        "loyalty-pay-refund",
        "Loyalty: refunds",
        (
            Event(
                "TRANSACTION_REFUND_REQUESTED",
                _ACTION + " grantedRefund { id shippingCostsIncluded "
                "orderLines: lines { quantity orderLine { id } } }",
                (),
            ),
        ),
        asks=True,
    ),
)
#: Every webhook of ours.
WEBHOOKS: Final = (*SUBSCRIPTIONS, *QUESTIONS)

#: Every event we hear, by the name of its type in the signed body.
EVENTS: Final[dict[str, Event]] = {
    event.typename: event for subscription in SUBSCRIPTIONS for event in subscription.events
}
