"""Answers what the shop asks our gateway: authorise, charge, release, give back; keyed, capped by our own ledger.

None waits for anything outside. A repeated or parallel copy of a question reads what the first has written and gets the
same reference. What is refused is refused in a code, which the door puts in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.paying.parts import between
from loyalty_plugin.domain.paying.terms import GATEWAY
from loyalty_plugin.errors import HoldEnded, LoyaltyError
from loyalty_plugin.models.holds import Hold
from loyalty_plugin.models.payments import Payment, PaymentMovement
from loyalty_plugin.queries.paying import parts_of
from loyalty_plugin.queries.programmes import version_by_id
from loyalty_plugin.services import holds
from loyalty_plugin.services.paying import ending
from loyalty_plugin.services.paying.tokens import payment_named
from loyalty_plugin.services.realms import require_spending

INITIALIZE: Final = "initialize"
CHARGE: Final = "charge"
REFUND: Final = "refund"
CANCEL: Final = "cancel"

State = Payment.State


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the shop's. `amount` in minor units; `key` names the operation, the same for each copy of it.

    `owner` is the checkout or order the transaction is on, `user_id` its customer, `made_by` the App it was begun with.
    """

    what: str
    realm: str
    transaction_id: str
    amount: int
    currency: str
    key: str = ""
    token: object = None
    owner: str = ""
    user_id: str = ""
    of_order: bool = False
    made_by: str = GATEWAY
    lines: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Answer:
    """`done` or refused with a `reason`; `amount` in minor units, `reference` what the shop is to know it by."""

    done: bool
    amount: int = 0
    reference: str = ""
    reason: str = ""
    left: int = 0


def answer(asked: Asked, *, now: datetime) -> Answer:
    """What the shop is told. Whatever is refused by our own rules is an answer, too; raises what is not foreseen."""
    try:
        with transaction.atomic():
            return _ANSWERS[asked.what](asked, now)
    except LoyaltyError as refusal:
        return Answer(False, reason=refusal.code)
    except IntegrityError:
        # A parallel copy bound the transaction first.
        with transaction.atomic():
            return _ANSWERS[asked.what](asked, now)


def _initialize(asked: Asked, now: datetime) -> Answer:
    payment_id = payment_named(asked.token)
    payment = _locked(pk=payment_id) if payment_id is not None else None
    if (
        payment is None
        or payment.realm.api_url != asked.realm
        or asked.of_order
        or payment.checkout_id != asked.owner
        or payment.member.external_id != asked.user_id
    ):
        return Answer(False, reason="not_for_this_checkout")
    if asked.made_by != GATEWAY:
        return Answer(False, reason="another_gateway")
    if payment.transaction_id and payment.transaction_id != asked.transaction_id:
        return Answer(False, reason="already_used")
    if payment.state != State.RESERVED or payment.hold.state != Hold.State.OPEN or payment.hold.until <= now:
        return Answer(False, reason="reservation_over")
    if (asked.amount, asked.currency) != (payment.amount, payment.currency):
        return Answer(False, reason="another_amount", amount=payment.amount)
    require_spending(payment.realm_id)
    if not payment.transaction_id:
        payment.transaction_id = asked.transaction_id
        payment.save(update_fields=["transaction_id"])
        _last_longer(payment, now)
    return Answer(True, payment.amount, ending.reference_of(payment, "a"))


def _last_longer(payment: Payment, now: datetime) -> None:
    minutes = version_by_id(payment.version_id).document.paying.minutes
    try:
        holds.renew(SYSTEM, hold_id=payment.hold_id, until=now + timedelta(minutes=minutes), now=now)
    except HoldEnded:
        raise
    except LoyaltyError:
        # It lasts as long as it did: a frozen member's reservation is not renewed.
        return


def _charge(asked: Asked, now: datetime) -> Answer:
    """Only an order is charged, by ourselves once we have looked at it; then this is what was charged."""
    payment = _of(asked)
    if payment is None:
        return Answer(False, reason="unknown_payment")
    if payment.state == State.CHARGED and asked.amount == payment.charged:
        return Answer(True, payment.charged, ending.reference_of(payment, "c"))
    return Answer(False, reason="charged_by_itself")


def _cancel(asked: Asked, now: datetime) -> Answer:
    payment = _of(asked)
    if payment is None:
        return Answer(False, reason="unknown_payment")
    if payment.state == State.CHARGED:
        return Answer(False, reason="already_charged")
    if payment.state != State.RELEASED:
        ending.let_go(payment, "cancelled_by_shop", now)
    return Answer(True, payment.amount, ending.reference_of(payment, "x"))


def _refund(asked: Asked, now: datetime) -> Answer:
    payment = _of(asked)
    if payment is None:
        return Answer(False, reason="unknown_payment")
    reference = ending.reference_of(payment, f"r-{asked.key}")
    known = payment.movements.filter(key=f"refund|{asked.key}"[:128]).first()
    if known is not None:
        return Answer(True, known.amount, reference)
    left = payment.charged - payment.refunded if payment.state == State.CHARGED else 0
    if asked.currency != payment.currency or not 0 < asked.amount <= left or not asked.key:
        return Answer(False, reason="more_than_charged", left=left)
    stands = payment.charged - payment.refunded
    units = between(parts_of(payment), stands - asked.amount, stands, payment.currency)
    if units:
        holds.give_back(
            SYSTEM, hold_id=payment.hold_id, key=asked.key, amounts=units, now=now,
            order_ref=f"{asked.realm}|{payment.order_id}" if payment.order_id else "",
        )  # fmt: skip
    payment.refunded += asked.amount
    payment.save(update_fields=["refunded"])
    ending.note(
        payment,
        PaymentMovement.Kind.REFUND,
        f"refund|{asked.key}",
        asked.amount,
        now,
        units=units,
        lines=list(asked.lines),
        reference=reference,
    )
    return Answer(True, asked.amount, reference)


def _of(asked: Asked) -> Payment | None:
    return _locked(realm__api_url=asked.realm, transaction_id=asked.transaction_id)


def _locked(**which: str | UUID | None) -> Payment | None:
    return (
        Payment.objects.select_for_update(of=("self",))
        .select_related("realm", "member", "hold")
        .filter(**which)
        .first()
    )


_ANSWERS: Final = {INITIALIZE: _initialize, CHARGE: _charge, CANCEL: _cancel, REFUND: _refund}
