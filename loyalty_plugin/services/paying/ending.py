"""Lets payments go that nobody charged, with us and at the shop, whichever ends first; charges nothing."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.holds import State as HoldState
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.holds import Hold
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.payments import Payment, PaymentMovement
from loyalty_plugin.queries.paying import parts_of
from loyalty_plugin.queries.realms import spending_held
from loyalty_plugin.services import holds

#: What goes out for a payment: that it is charged, or that nothing of it may be taken any more.
CHARGE: Final = "payment_charge"
CANCEL: Final = "payment_cancel"
_BATCH: Final = 200

_log = logging.getLogger(__name__)
State = Payment.State


def let_go(payment: Payment, reason: str, now: datetime) -> None:
    """Release what a payment holds. The shop knows nothing of it, or was told. Under the payment's lock."""
    holds.release(SYSTEM, hold_id=payment.hold_id, reason=reason[:32], now=now)
    payment.state, payment.reason, payment.ended_at = State.RELEASED, reason, now
    payment.save(update_fields=["state", "reason", "ended_at"])


def leave(payment: Payment, reason: str, now: datetime) -> OutboxItem:
    """Have the shop told that nothing is authorised any more; what is held is released once it is. Under the lock."""
    payment.state, payment.reason = State.LEAVING, reason
    payment.save(update_fields=["state", "reason"])
    return send(CANCEL, payment, now, amount=payment.amount)


def send(kind: str, payment: Payment, now: datetime, **desired: object) -> OutboxItem:
    """Have the shop told of a payment. In the caller's transaction."""
    row = OutboxItem.objects.create(
        kind=kind,
        realm_id=payment.realm_id,
        target=f"{payment.realm.api_url}|{payment.transaction_id}",
        desired={
            "payment": str(payment.pk),
            "transaction": payment.transaction_id,
            "order": payment.order_id,
            "currency": payment.currency,
            **desired,
        },
        next_attempt_at=now,
        created_at=now,
    )
    jobs.enqueue(jobs.DELIVER_OUTBOX)
    return row


def reference_of(payment: Payment, what: str) -> str:
    """What the shop knows a movement by: the same each time, so that nothing is told twice."""
    return f"{payment.pk.hex}-{what}"[:128]


def note(
    payment: Payment,
    kind: PaymentMovement.Kind,
    key: str,
    amount: int,
    now: datetime,
    *,
    units: object = None,
    lines: object = None,
    reference: str = "",
) -> PaymentMovement:
    """Write down a movement. In the transaction that moves it."""
    return PaymentMovement.objects.create(
        payment=payment,
        key=key[:128],
        kind=kind,
        amount=amount,
        units=units or {},
        lines=lines or [],
        reference=reference or reference_of(payment, kind.value[0]),
        at=now,
    )


def finish_release(payment_id: UUID, *, now: datetime) -> None:
    """The shop counts on nothing of it any more: give it back. Done before, it changes nothing."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().select_related("realm", "hold").get(pk=payment_id)
        if payment.state == State.LEAVING:
            let_go(payment, payment.reason, now)


def stays(payment_id: UUID) -> None:
    """An order was placed with it while it was about to be let go: it is the order's."""
    Payment.objects.filter(pk=payment_id, state=State.LEAVING, hold__state=HoldState.OPEN).update(
        state=State.RESERVED, reason=""
    )


def undo_charge(payment_id: UUID, *, now: datetime) -> None:
    """Give back what a payment was charged with before the shop was told: its order was cancelled meanwhile."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().select_related("realm").get(pk=payment_id)
        if payment.state != State.CHARGED or payment.refunded:
            return
        whole = parts_of(payment)
        units = holds.portions_used(payment.hold_id)
        holds.give_back(
            SYSTEM, hold_id=payment.hold_id, key="order_cancelled", amounts=units, now=now,
            order_ref=f"{payment.realm.api_url}|{payment.order_id}",
        )  # fmt: skip
        note(payment, PaymentMovement.Kind.REFUND, "order_cancelled", payment.charged, now, units=units)
        payment.refunded, payment.state, payment.reason = payment.charged, State.RELEASED, "order_cancelled"
        payment.ended_at = now
        payment.save(update_fields=["refunded", "state", "reason", "ended_at"])
        assert whole.money == payment.amount


def release_overdue(*, now: datetime, batch: int = _BATCH) -> int:
    """Let those go whose time is over and whose order never came; how many. Those the shop knows of wait for it."""
    done = after = 0
    while found := _overdue(now, after, batch):
        for hold_id, payment_id in found:
            after = hold_id
            try:
                with transaction.atomic(durable=True):
                    payment = (
                        Payment.objects.select_for_update().select_related("realm", "hold").get(pk=payment_id)
                    )
                    if payment.state != State.RESERVED or payment.hold.until > now:
                        continue
                    if payment.transaction_id:
                        leave(payment, "out_of_time", now)
                    else:
                        let_go(payment, "out_of_time", now)
                    done += 1
            except LoyaltyError:
                _log.exception("payment %s can't be released", payment_id)
    return done


def _overdue(now: datetime, after: int, batch: int) -> list[tuple[int, UUID]]:
    rows = Payment.objects.filter(
        hold__state=Hold.State.OPEN, hold__until__lte=now, state=State.RESERVED, hold_id__gt=after
    )
    stopped = [one for one in set(rows.values_list("realm_id", flat=True)) if spending_held(one)]
    chosen = rows.exclude(realm_id__in=stopped).order_by("hold_id")
    return list(chosen.values_list("hold_id", "pk")[:batch])
