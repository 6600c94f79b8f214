"""A member's payments with points as rows of a table, in words; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy

from loyalty_plugin.admin.words import chip
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.paying import PaymentView

#: Why one was released.
REASONS: Final[dict[str, Any]] = {
    "removed": gettext_lazy("taken off by the member"),
    "replaced": gettext_lazy("replaced by another"),
    "out_of_time": gettext_lazy("the cart was left"),
    "cancelled_by_shop": gettext_lazy("given up by the shop"),
    "order_cancelled": gettext_lazy("the order was cancelled"),
    "nothing_due": gettext_lazy("nothing was due"),
    "paid_by_another": gettext_lazy("another customer placed the order: see its incident"),
    "paid_for_excluded": gettext_lazy("goods that points don't pay: see its incident"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One payment as it is shown."""

    day: str
    order: str
    state: str
    reason: Any
    reserved: str
    charged: str
    refunded: str


def payment_rows(payments: Iterable[PaymentView]) -> list[Row]:
    """The rows, newest first."""
    return [
        Row(
            date_format(localtime(one.at), "DATE_FORMAT"),
            one.order,
            chip(one.state),
            REASONS.get(one.reason, one.reason),
            str(Money(one.amount, one.currency)),
            str(Money(one.charged, one.currency)),
            str(Money(one.refunded, one.currency)) if one.refunded else "–",
        )
        for one in payments
    ]
