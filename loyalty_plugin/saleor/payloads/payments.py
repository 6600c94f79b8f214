"""Adds up what was paid for an order, by whom it was reported and what went back; believes no flag and no total.

Saleor's `isPaid` and `chargeStatus` are wrong often enough (a grant makes an order overcharged, a charge-back is no
refund), and "paid" is not "money came in": staff can declare it. So the events of the transactions are added up,
each by who made it: an App vouches only for what it reported with a reference of its own. Of what came with an imported
order Saleor keeps neither author nor moment: it counts as paid when the order was placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.facts import ChargeFact
from loyalty_plugin.saleor.payloads.values import Json, instant, money

MARK_AS_PAID: Final = "Mark-as-paid transaction"
IMPORTED: Final = "BULK_CREATE"
MANUAL_ADJUSTMENT: Final = "Manual adjustment of the transaction."
#: Gateway of the legacy payment that "mark as paid" makes in channels without transactions.
MANUAL_GATEWAY: Final = "manual"
_GIFT_CARD: Final = "GiftCardPaymentMethodDetails"
_SIGNS: Final = {"REFUND_SUCCESS": 1, "CHARGE_BACK": 1, "REFUND_REVERSE": -1}


@dataclass(frozen=True, slots=True)
class Paid:
    """Minor units. `came` in all, `went` back since; `charges` are what came, each with who vouches for it.

    `when` holds each charge with its instant, in order.
    """

    came: int
    went: int
    charges: tuple[ChargeFact, ...]
    when: tuple[tuple[datetime, int], ...]

    @property
    def charged(self) -> int:
        """What is left, never below zero (several refunds at once can overdraw a transaction)."""
        return max(0, self.came - self.went)

    def covered_at(self, total: int) -> datetime | None:
        """When the charges first reached the total, None if they never did."""
        so_far = 0
        for moment, amount in self.when:
            so_far += amount
            if so_far >= total:
                return moment
        return None


@dataclass(frozen=True, slots=True)
class _Part:
    """One transaction or payment: charges as (instant, id, amount, source), and what went back."""

    charges: tuple[tuple[datetime, str, int, str], ...]
    went: int


def paid(order: Json, currency: str) -> Paid:
    """What was paid for an order: by transactions, and by the payments of the flow before them."""
    placed = instant(order["created"]) if order.get("origin") == IMPORTED else None
    parts = [_transaction(transaction, currency, placed) for transaction in order.get("transactions") or ()]
    parts += [_legacy(payment, currency) for payment in order.get("payments") or ()]
    charges = sorted(charge for part in parts for charge in part.charges)
    return Paid(
        came=sum(amount for _, _, amount, _ in charges),
        went=sum(part.went for part in parts),
        charges=tuple(fact for part in parts for fact in _standing(part)),
        when=tuple((moment, amount) for moment, _, amount, _ in charges),
    )


def _standing(part: _Part) -> Iterator[ChargeFact]:
    """The charges with what is left of each: what goes back is taken from the newest first."""
    back = part.went
    for _, charge_id, amount, source in sorted(part.charges, reverse=True):
        taken = min(max(back, 0), amount)
        back -= taken
        yield ChargeFact(charge_id, amount, amount - taken, source)


def _transaction(transaction: Json, currency: str, placed: datetime | None) -> _Part:
    """`placed` is when an imported order was placed, None for every other order."""
    charges = []
    went = 0
    for event in transaction.get("events") or ():
        amount = money(event["amount"], currency)
        if event["type"] == "CHARGE_SUCCESS":
            if placed is not None and _came_with_it(event):
                charges.append((placed, event["id"], amount, provenance.IMPORT))
                continue
            moment = instant(event["createdAt"])
            charges.append((moment, event["id"], amount, _source(transaction, event)))
        else:
            went += amount * _SIGNS.get(event["type"], 0)
    return _Part(tuple(charges), went)


def _came_with_it(event: Json) -> bool:
    """Whether a charge was imported together with its order; what anybody adds later bears their name."""
    return event.get("createdBy") is None and event.get("message") == MANUAL_ADJUSTMENT


def _source(transaction: Json, event: Json) -> str:
    """Who vouches for a charge. Names are free text; an App's identifier is not, and so is no person's id."""
    by = event.get("createdBy")
    if by is None:
        return provenance.GIFT_CARD if _is_gift_card(transaction) else provenance.UNKNOWN
    identifier = by.get("identifier") if by.get("__typename") == "App" else None
    declared = event.get("message") == MANUAL_ADJUSTMENT or transaction.get("name") == MARK_AS_PAID
    if identifier and event.get("pspReference") and not declared:
        return f"{provenance.APP}{identifier}"
    return f"{provenance.HAND}{identifier or by.get('id') or ''}"


def _is_gift_card(transaction: Json) -> bool:
    details = transaction.get("paymentMethodDetails") or {}
    return bool(details.get("__typename") == _GIFT_CARD and details.get("isSaleorGiftcard"))


def _legacy(payment: Json, currency: str) -> _Part:
    """What a payment of the old flow brought, and what went back. Its captured amount falls with each refund."""
    captured = money(payment.get("capturedAmount"), currency)
    status = payment["chargeStatus"]
    came = 0
    if status in ("PARTIALLY_REFUNDED", "FULLY_REFUNDED"):
        came = max(money(payment.get("total"), currency), captured)
    elif status in ("FULLY_CHARGED", "PARTIALLY_CHARGED") and payment["isActive"]:
        came = captured
    if not came:
        return _Part((), 0)
    gateway = payment["gateway"]
    source = provenance.HAND if gateway == MANUAL_GATEWAY else f"{provenance.PAYMENT}{gateway}"
    return _Part(((instant(payment["created"]), payment["id"], came, source),), came - captured)


def fulfilled_at(order: Json) -> datetime | None:
    """When the last goods left, once all have; returned goods have left before."""
    if order["status"] not in ("FULFILLED", "PARTIALLY_RETURNED", "RETURNED"):
        return None
    fulfillments: Iterable[Json] = order.get("fulfillments") or ()
    shipped = [f for f in fulfillments if f["status"] == "FULFILLED"]
    left = shipped or [f for f in fulfillments if f["status"] not in ("CANCELED", "WAITING_FOR_APPROVAL")]
    return max((instant(f["created"]) for f in left), default=None)
