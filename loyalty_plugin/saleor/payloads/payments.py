"""Adds up what was paid for an order, by whom it was reported and what went back; believes no flag and no total.

Saleor's `isPaid` and `chargeStatus` are wrong often enough (a grant makes an order overcharged, a charge-back is no
refund), and "paid" is not "money came in": staff can declare it. So the events of the transactions are added up,
each by who made it. A charge counts as paid by hand unless an App made it with a reference of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loyalty_plugin.saleor.payloads.values import Json, instant, money

MARK_AS_PAID: Final = "Mark-as-paid transaction"
MANUAL_ADJUSTMENT: Final = "Manual adjustment of the transaction."
#: Gateway of the legacy payment that "mark as paid" makes in channels without transactions.
MANUAL_GATEWAY: Final = "manual"
_GIFT_CARD: Final = "GiftCardPaymentMethodDetails"
_SIGNS: Final = {"REFUND_SUCCESS": 1, "CHARGE_BACK": 1, "REFUND_REVERSE": -1}


@dataclass(frozen=True, slots=True)
class Paid:
    """Minor units. `came` in all, `went` back since; of what came, `by_hand` and by `gift_card`.

    `when` holds each charge with its instant, in order.
    """

    came: int
    went: int
    by_hand: int
    gift_card: int
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


def paid(order: Json, currency: str) -> Paid:
    """What was paid for an order: by transactions, and by the payments of the flow before them."""
    charges: list[tuple[datetime, int]] = []
    went = by_hand = gift_card = 0
    for transaction in order.get("transactions") or ():
        with_card = _is_gift_card(transaction)
        for event in transaction.get("events") or ():
            amount = money(event["amount"], currency)
            if event["type"] == "CHARGE_SUCCESS":
                charges.append((instant(event["createdAt"]), amount))
                if with_card and event.get("createdBy") is None:
                    gift_card += amount
                elif not _reported(transaction, event):
                    by_hand += amount
            else:
                went += amount * _SIGNS.get(event["type"], 0)
    for payment in order.get("payments") or ():
        came, back = _legacy(payment, currency)
        if came:
            charges.append((instant(payment["created"]), came))
        went += back
        by_hand += came if payment["gateway"] == MANUAL_GATEWAY else 0
    return Paid(
        came=sum(amount for _, amount in charges),
        went=went,
        by_hand=by_hand,
        gift_card=gift_card,
        when=tuple(sorted(charges, key=lambda charge: charge[0])),
    )


def _is_gift_card(transaction: Json) -> bool:
    details = transaction.get("paymentMethodDetails") or {}
    return bool(details.get("__typename") == _GIFT_CARD and details.get("isSaleorGiftcard"))


def _reported(transaction: Json, event: Json) -> bool:
    """Whether a payment App vouches for this charge. Names are free text; an App's identifier is not."""
    by = event.get("createdBy") or {}
    return bool(
        by.get("__typename") == "App"
        and by.get("identifier")
        and event.get("pspReference")
        and event.get("message") != MANUAL_ADJUSTMENT
        and transaction.get("name") != MARK_AS_PAID
    )


def _legacy(payment: Json, currency: str) -> tuple[int, int]:
    """What a payment of the old flow brought, and what went back. Its captured amount falls with each refund."""
    captured = money(payment.get("capturedAmount"), currency)
    status = payment["chargeStatus"]
    if status in ("PARTIALLY_REFUNDED", "FULLY_REFUNDED"):
        total = max(money(payment.get("total"), currency), captured)
        return total, total - captured
    if status in ("FULLY_CHARGED", "PARTIALLY_CHARGED") and payment["isActive"]:
        return captured, 0
    return 0, 0


def fulfilled_at(order: Json) -> datetime | None:
    """When the last goods left, once all have; returned goods have left before."""
    if order["status"] not in ("FULFILLED", "PARTIALLY_RETURNED", "RETURNED"):
        return None
    fulfillments: Iterable[Json] = order.get("fulfillments") or ()
    shipped = [f for f in fulfillments if f["status"] == "FULFILLED"]
    left = shipped or [f for f in fulfillments if f["status"] not in ("CANCELED", "WAITING_FOR_APPROVAL")]
    return max((instant(f["created"]) for f in left), default=None)
