"""Hands a page of what was read to the ordinary path, and says what became of each; one at fault keeps back no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from django.db import OperationalError, transaction

from loyalty_plugin.domain.facts import CustomerFact, OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services.customers import keep_customers
from loyalty_plugin.services.orders.apply import apply_orders

_log = logging.getLogger(__name__)
T = TypeVar("T")
#: What becomes of what could not be applied at all.
FAILED: Final = "failed"


def orders(facts: Sequence[OrderFact], now: datetime) -> Mapping[str, str]:
    """Outcomes by order id; empty where points stand as they should."""
    applied = apply_orders(facts, now=now)
    return {
        fact.order_id: "stale" if one.stale else one.outcome for fact, one in zip(facts, applied, strict=True)
    }


def customers(realm: Realm, facts: Sequence[CustomerFact], now: datetime) -> Mapping[str, str]:
    """Outcomes by customer id; accounts from before the programme began get nothing for joining."""
    return keep_customers(realm, facts, now=now)


def each(
    items: Sequence[T], apply: Callable[[Sequence[T]], Mapping[str, str]], name: Callable[[T], str]
) -> Mapping[str, str]:
    """Apply all at once, or one by one where that fails for the sake of one. In the caller's transaction.

    Raises OperationalError: a database that is away, or gave up on us, is nobody's fault here.
    """
    if not items:
        return {}
    try:
        with transaction.atomic():
            return apply(items)
    except OperationalError:
        raise
    except Exception as error:
        if len(items) == 1:
            _log.exception("could not be applied: %s", name(items[0]))
            return {name(items[0]): error.code if isinstance(error, LoyaltyError) else FAILED}
    outcomes: dict[str, str] = {}
    for item in items:
        outcomes |= each([item], apply, name)
    return outcomes


def page_of(
    what: str, realm: Realm, items: Sequence[OrderFact | CustomerFact], now: datetime
) -> Mapping[str, str]:
    """Outcomes by id of a page of "orders" or "customers"."""
    if what == "orders":
        return each(
            [i for i in items if isinstance(i, OrderFact)], partial(orders, now=now), lambda i: i.order_id
        )
    accounts = [i for i in items if isinstance(i, CustomerFact)]
    return each(accounts, partial(customers, realm, now=now), lambda i: i.user_id)
