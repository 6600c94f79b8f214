"""Reads what Saleor asks our payment gateway out of a signed body; refuses what is no such question, believes no sum."""

from __future__ import annotations

from typing import Any

from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.saleor.payloads.values import Json, minor
from loyalty_plugin.services.paying import Asked


def payment_asked(realm: str, what: str, event: Json) -> Asked:
    """The question. Raises InvalidInput where something of it is missing."""
    try:
        action, transaction = event["action"], event["transaction"]
        source = event.get("sourceObject") or {}
        currency = str(action["currency"])
        data = event.get("data")
        return Asked(
            what=what,
            realm=realm,
            transaction_id=str(transaction["id"]),
            amount=minor(action["amount"], currency) if action.get("amount") is not None else 0,
            currency=currency,
            key=_key(what, transaction),
            token=data.get("token") if isinstance(data, dict) else None,
            owner=str(source.get("id") or ""),
            user_id=str((source.get("user") or {}).get("id") or ""),
            of_order=source.get("__typename") != "Checkout",
            made_by=str((transaction.get("createdBy") or {}).get("identifier") or ""),
            lines=_lines(event.get("grantedRefund")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(reason="payment_question") from error


def _key(what: str, transaction: Json) -> str:
    """The id of the event that asks: Saleor has no other name for the operation. Two asked for at once share it, and
    then only one of them is done."""
    kind = "CANCEL_REQUEST" if what == "cancel" else f"{what.upper()}_REQUEST"
    asked = [one for one in transaction.get("events") or () if one["type"] == kind]
    newest = max(asked, key=lambda one: (one["createdAt"], one["id"]), default=None)
    return str(newest["id"]) if newest else ""


def _lines(grant: Any) -> tuple[dict[str, Any], ...]:
    """The lines a refund was granted for, and whether its sending is part of it."""
    if not isinstance(grant, dict):
        return ()
    lines = [
        {"line": (one.get("orderLine") or {}).get("id"), "quantity": one.get("quantity")}
        for one in grant.get("orderLines") or ()
    ]
    sending = [{"sending": True}] if grant.get("shippingCostsIncluded") else []
    return (*lines, *sending)
