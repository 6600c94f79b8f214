"""Tells Saleor what our ledger charged or let go of a payment; decides neither, and asks what became of it first.

Kinds, each with target `<api url>|<transaction id>` and desired `{"payment", "transaction", "order", "currency", …}`:

- `payment_charge`, `{"charge", "rest"}`: so much was charged for the order, the rest may no longer be taken. An order that
  was cancelled meanwhile is not charged: money that makes it paid would bring it back to life. Its payment is undone. One
  that was cancelled between our look and our report has come back to life by it (seen at a real Saleor): the charge is
  given back, and the order cancelled once more.
- `payment_cancel`, `{"amount"}`: nothing of it may be taken any more. Where an order was placed meanwhile with what was
  about to be let go, it is the order's, and its next reading charges it.

Each report has a reference of its own, so that a repeated one is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import SaleorError
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.acting import Ended
from loyalty_plugin.saleor.storefront import SaleorStorefront, call
from loyalty_plugin.services import leases, paying
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.paying.ending import CANCEL, CHARGE

Status = OutboxItem.Status
KINDS: Final = (CHARGE, CANCEL)
_OVER: Final = ("CANCELED", "EXPIRED")
_GONE: Final = "transaction_gone"


def carry(row: OutboxItem, held: leases.Held) -> Ended:
    """Report it. Raises TryLater, SaleorError."""
    assert row.realm is not None
    url, desired = row.realm.api_url, row.desired
    standing = call(url, "transaction_standing", id=desired["transaction"])["transaction"]
    payment_id = UUID(desired["payment"])
    if standing is None:
        paying.finish_release(payment_id, now=ports.clock.now())
        return Status.OBSOLETE, _GONE, ""
    carried = _charge if row.kind == CHARGE else _cancel
    return carried(url, desired, standing, payment_id, held)


def _charge(
    url: str, desired: Mapping[str, Any], standing: Mapping[str, Any], payment_id: UUID, held: leases.Held
) -> Ended:
    if (standing["order"] or {}).get("status") in _OVER:
        paying.undo_charge(payment_id, now=ports.clock.now())
        return _report(
            url, desired, payment_id, "CANCEL_SUCCESS", desired["charge"] + desired["rest"], "x", held
        )
    told = _report(url, desired, payment_id, "CHARGE_SUCCESS", desired["charge"], "c", held)
    if told[0] is Status.DONE and desired["rest"]:
        told = _report(url, desired, payment_id, "CANCEL_SUCCESS", desired["rest"], "x", held)
    if told[0] is Status.DONE and standing["order"]:
        after = call(url, "transaction_standing", id=desired["transaction"])["transaction"]["order"]
        if _cancellations(after) > _cancellations(standing["order"]) and after["status"] not in _OVER:
            return _withdraw(url, desired, payment_id, held)
    return told


def _cancellations(order: Mapping[str, Any]) -> int:
    return sum(one["type"] == "CANCELED" for one in order["events"])


def _withdraw(url: str, desired: Mapping[str, Any], payment_id: UUID, held: leases.Held) -> Ended:
    """Take back a charge that brought a cancelled order to life, and let it be cancelled."""
    paying.undo_charge(payment_id, now=ports.clock.now())
    told = _report(url, desired, payment_id, "REFUND_SUCCESS", desired["charge"], "r", held)
    if told[0] is not Status.DONE:
        return told
    held.check()
    call(url, "order_cancel", id=desired["order"])
    return Status.DONE, "order_cancelled", {"order": desired["order"]}


def _cancel(
    url: str, desired: Mapping[str, Any], standing: Mapping[str, Any], payment_id: UUID, held: leases.Held
) -> Ended:
    order = standing["order"]
    if order is not None and not desired["order"] and order["status"] not in _OVER:
        paying.stays(payment_id)
        # Its own event may have come before, and found the payment on its way out.
        facts = SaleorStorefront().orders(url, [order["id"]])
        apply_orders(list(facts.values()), now=ports.clock.now())
        return Status.DONE, "order_placed", {"order": order["id"]}
    told = _report(url, desired, payment_id, "CANCEL_SUCCESS", desired["amount"], "x", held)
    paying.finish_release(payment_id, now=ports.clock.now())
    return told


def _report(
    url: str,
    desired: Mapping[str, Any],
    payment_id: UUID,
    kind: str,
    amount: int,
    what: str,
    held: leases.Held,
) -> Ended:
    held.check()
    try:
        call(
            url,
            "transaction_report",
            id=desired["transaction"],
            type=kind,
            amount=Money(amount, desired["currency"]).decimal,
            reference=f"{payment_id.hex}-{what}",
            actions=["REFUND"] if kind == "CHARGE_SUCCESS" else [],
        )
    except SaleorError as error:
        if not error.details.get("errors"):
            raise
        return Status.FAILED, error.code, {"errors": error.details["errors"]}
    return Status.DONE, "", {"reported": kind}
