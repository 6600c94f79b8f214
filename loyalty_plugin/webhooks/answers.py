"""Answers what Saleor asks and waits for: from what is known here, without a call or a queue.

Whatever goes wrong, the answer is the one that offers nothing of ours: the checkout goes on with the shop's own methods,
and a payment with points is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext as _

from loyalty_plugin.domain.extensions import ShippingMethod
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.shipping import Offered, methods_for
from loyalty_plugin.saleor.payloads.asking import payment_asked
from loyalty_plugin.saleor.subscriptions import PAYMENTS, SHIPPING_LIST
from loyalty_plugin.services import paying

_log = logging.getLogger(__name__)
#: What Saleor calls the outcome of each question about a payment, and what may be asked of it then.
_OUTCOMES: Final[dict[str, tuple[str, list[str]]]] = {
    "initialize": ("AUTHORIZATION", ["CANCEL"]),
    "charge": ("CHARGE", ["REFUND"]),
    "cancel": ("CANCEL", []),
    "refund": ("REFUND", ["REFUND"]),
}
#: Without one, Saleor would show customers our whole answer.
_NO_REFERENCE: Final = "none"


def shipping_methods(realm: str, event: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The ways of sending of the member whose checkout it is, as Saleor takes them; empty for everybody else."""
    checkout = event.get("checkout") or {}
    channel = checkout.get("channel") or {}
    owner = (checkout.get("user") or {}).get("id") or ""
    offered = methods_for(realm, str(owner), str(channel.get("slug") or ""), now)
    return [_method(one) for one in offered if one.currency == channel.get("currencyCode")]


def _method(one: Offered) -> dict[str, Any]:
    method: ShippingMethod = one.method
    days = {} if method.max_days is None else {"maximum_delivery_days": method.max_days}
    amount = str(Money(method.amount, one.currency).decimal)
    return {"id": one.perk_id, "name": method.name, "amount": amount, "currency": one.currency, **days}


def payment(what: str, realm: str, event: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What becomes of a payment with points or stored value, as Saleor takes it."""
    asked = payment_asked(realm, what, event)
    told = paying.answer(asked, now=now)
    outcome, actions = _OUTCOMES[what]
    if not told.done:
        return _refused(what, _words(told.reason, Money(told.amount or told.left, asked.currency)))
    return {
        "pspReference": told.reference,
        "result": f"{outcome}_SUCCESS",
        "amount": str(Money(told.amount, asked.currency).decimal),
        "actions": actions,
        "message": _("Points and stored value of the membership"),
        "paymentMethodDetails": {"type": "OTHER", "name": _("Membership")},
    }


def _refused(what: str, message: str) -> dict[str, Any]:
    return {
        "pspReference": _NO_REFERENCE,
        "result": f"{_OUTCOMES[what][0]}_FAILURE",
        "message": message,
        "actions": [],
    }


def _words(reason: str, amount: Money) -> str:
    """A sentence that a customer or staff may read; of our own doings it tells nothing."""
    shown = {"amount": f"{amount.decimal} {amount.currency}"}
    words = {
        "not_for_this_checkout": _("This is not a reservation for this checkout. Please reserve again."),
        "another_gateway": _("This payment was begun with another provider."),
        "already_used": _("This reservation was used before. Please reserve again."),
        "reservation_over": _("The time of this reservation is over. Please reserve again."),
        "another_amount": _("%(amount)s are reserved, neither more nor less."),
        "charged_by_itself": _("This is charged by itself once the order is placed."),
        "already_charged": _("This is charged already: it can be refunded, not released."),
        "more_than_charged": _("Of this payment %(amount)s can be given back."),
        "unknown_payment": _("The membership knows no such payment."),
    }
    return (words.get(reason) or _("The membership can't do this at the moment. Please try again.")) % shown


#: What is asked by the type in the signed body, with the answer to it, and the one that offers nothing.
ANSWERS: Final[dict[str, tuple[Callable[[str, Mapping[str, Any], datetime], Any], Callable[[], Any]]]] = {
    SHIPPING_LIST: (shipping_methods, list),
    **{name: (partial(payment, what), partial(_refused, what, "")) for name, what in PAYMENTS.items()},
}
#: The same by the unsigned name in the header: it only says in which form to say no.
_BY_HEADER: Final = {
    "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("_"): what
    for name, what in PAYMENTS.items()
}


def answer(realm: str, event: Mapping[str, Any], now: datetime) -> Any:
    """The answer to a question that is believed to be Saleor's; never raises."""
    work_out, nothing = ANSWERS[event["__typename"]]
    try:
        return work_out(realm, event, now)
    except Exception:
        _log.exception("%s could not be answered", event["__typename"])
        told = nothing()
        if event["__typename"] in PAYMENTS:
            told["message"] = _words("", Money(0, "EUR"))
        return told


def refusal(header: str) -> dict[str, Any] | None:
    """What to answer a question about a payment that can't be believed or looked at; None for everything else.

    Never a failure of the server: Saleor repeats such a question with an empty body, and would take any answer to that.
    """
    what = _BY_HEADER.get(header)
    return None if what is None else _refused(what, _words("", Money(0, "EUR")))
