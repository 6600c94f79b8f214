"""Carries decisions about a single order to Saleor: note, cancel, grant a refund, confirm; decides nothing itself.

Kinds, each with target `<api url>|<order id>` and desired `{"order": id, …}`:

- `order_note`, `{"mark"}`: a note for whoever packs, that the order is held back. Saleor has no such state itself.
- `order_cancel`: cancelled, unless something of it was sent. Saleor gives no money back by that.
- `order_grant`, `{"mark", "amount", "currency"}`: a refund granted; the money goes by the shop's payment App.
- `order_confirm`: an order that waits unconfirmed is confirmed.

Each reads the order first, so that a repeated one finds it done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import SaleorError
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.saleor.storefront import call
from loyalty_plugin.services import leases

Status = OutboxItem.Status
#: How a row ends: its state, a code where something is to be said, and details.
Ended = tuple[OutboxItem.Status, str, Any]

NOTE: Final = "order_note"
CANCEL: Final = "order_cancel"
GRANT: Final = "order_grant"
CONFIRM: Final = "order_confirm"
_GONE: Final = "order_gone"
_NOT_CHARGED: Final = "not_charged"
_OTHERWISE: Final = "granted_otherwise"


def carry(row: OutboxItem, held: leases.Held) -> Ended:
    """Do what the row wants of its order. Raises TryLater, SaleorError."""
    assert row.realm is not None
    url, desired = row.realm.api_url, row.desired
    order = call(url, "order_standing", id=desired["order"])["order"]
    if order is None:
        return Status.OBSOLETE, _GONE, ""
    return _ACTS[row.kind](url, order, desired, held)


def _note(url: str, order: Mapping[str, Any], desired: Mapping[str, Any], held: leases.Held) -> Ended:
    if not any(desired["mark"] in (event["message"] or "") for event in order["events"]):
        held.check()
        words = f"Hold this order back: it was not charged as promised ({desired['mark']})."
        call(url, "order_note", order=order["id"], input={"message": words})
    return Status.DONE, "", ""


def _cancel(url: str, order: Mapping[str, Any], desired: Mapping[str, Any], held: leases.Held) -> Ended:
    if order["status"] in ("CANCELED", "EXPIRED"):
        return Status.DONE, "", {"status": order["status"]}
    held.check()
    return _unless_refused(url, "order_cancel", id=order["id"])


def _grant(url: str, order: Mapping[str, Any], desired: Mapping[str, Any], held: leases.Held) -> Ended:
    amount = Money(desired["amount"], desired["currency"]).decimal
    before = [one for one in order["grantedRefunds"] if desired["mark"] in (one["reason"] or "")]
    if before and sum(one["amount"]["amount"] for one in before) != amount:
        return Status.FAILED, _OTHERWISE, ""
    if not before:
        # Saleor grants from one transaction only, and no more than it charged.
        paid = [one for one in order["transactions"] if one["chargedAmount"]["amount"] >= amount]
        if not paid:
            return Status.FAILED, _NOT_CHARGED, ""
        held.check()
        wanted = {
            "amount": amount,
            "reason": f"Not charged as promised ({desired['mark']})",
            "transactionId": paid[0]["id"],
        }
        return _unless_refused(url, "order_grant_refund", id=order["id"], input=wanted)
    return Status.DONE, "", ""


def _confirm(url: str, order: Mapping[str, Any], desired: Mapping[str, Any], held: leases.Held) -> Ended:
    if order["status"] != "UNCONFIRMED":
        return Status.DONE, "", {"status": order["status"]}
    held.check()
    return _unless_refused(url, "order_confirm", id=order["id"])


def _unless_refused(url: str, operation: str, **variables: Any) -> Ended:
    """What Saleor refuses stays refused, and a person reads why."""
    try:
        call(url, operation, **variables)
    except SaleorError as error:
        errors = error.details.get("errors")
        if not errors:
            raise
        return Status.FAILED, error.code, {"errors": errors}
    return Status.DONE, "", ""


_ACTS: Final[dict[str, Callable[[str, Mapping[str, Any], Mapping[str, Any], leases.Held], Ended]]] = {
    NOTE: _note,
    CANCEL: _cancel,
    GRANT: _grant,
    CONFIRM: _confirm,
}
KINDS: Final = tuple(_ACTS)
