"""Answers what Saleor asks while a checkout waits: from what is known here, without a call, a write or a queue.

Whatever goes wrong, the answer is the one that offers nothing of ours: the checkout goes on with the shop's own methods.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.domain.extensions import ShippingMethod
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.shipping import Offered, methods_for
from loyalty_plugin.saleor.subscriptions import SHIPPING_LIST

_log = logging.getLogger(__name__)


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


#: What is asked by the type in the signed body, with the answer to it, and the one that offers nothing.
ANSWERS: Final[dict[str, tuple[Callable[[str, Mapping[str, Any], datetime], Any], Any]]] = {
    SHIPPING_LIST: (shipping_methods, []),
}


def answer(realm: str, event: Mapping[str, Any], now: datetime) -> Any:
    """The answer to a question that is believed to be Saleor's; never raises."""
    work_out, nothing = ANSWERS[event["__typename"]]
    try:
        return work_out(realm, event, now)
    except Exception:
        _log.exception("%s could not be answered", event["__typename"])
        return nothing
