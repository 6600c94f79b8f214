"""Charges payments when their order exists, for so much as is due, or lets them go and says why; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.paying import judge, used
from loyalty_plugin.domain.paying.judging import SUSPICIOUS, Verdict
from loyalty_plugin.domain.promises import NOT_COVERED, Difference
from loyalty_plugin.errors import SpendingHeld
from loyalty_plugin.models.payments import Payment, PaymentMovement
from loyalty_plugin.queries.paying import OPEN, by_transaction, given_part, parts_of, room_of_order
from loyalty_plugin.queries.programmes import version_by_id
from loyalty_plugin.services import holds, incidents
from loyalty_plugin.services.paying import ending

State = Payment.State


def settle_orders(facts: Sequence[OrderFact], *, now: datetime) -> Sequence[OrderFact]:
    """Charge or let go what these orders are paid with here, each payment in a transaction of its own.

    The orders come back with what points and bonus paid of them told apart. Repeated it changes nothing. One query where
    none of them was paid so.
    """
    known = by_transaction(facts)
    if not known:
        return facts
    for fact in facts:
        for one in fact.transactions:
            payment = known.get((fact.realm, one.transaction_id))
            if payment is not None and (payment.state != State.CHARGED or not payment.order_id):
                _settle(payment, fact, now)
    charged = by_transaction(facts)
    return [_with_given(fact, charged) for fact in facts]


def _with_given(fact: OrderFact, known: Mapping[tuple[str, str], Payment]) -> OrderFact:
    """No money came in for what points and bonus paid: it earns nothing again."""
    mine = (known.get((fact.realm, one.transaction_id)) for one in fact.transactions)
    given = sum(given_part(one) for one in mine if one is not None)
    return replace(fact, given_paid=given) if given else fact


def _settle(payment: Payment, fact: OrderFact, now: datetime) -> None:
    with transaction.atomic():
        row = Payment.objects.select_for_update().select_related("realm", "member", "hold").get(pk=payment.pk)
        if row.order_id != fact.order_id:
            row.order_id, row.order_number = fact.order_id, fact.number
            row.save(update_fields=["order_id", "order_number"])
        if row.state not in OPEN:
            _left_open(row, fact, now)
            return
        parts = parts_of(row)
        verdict = judge(
            fact,
            parts,
            room_of_order(fact, version_by_id(row.version_id)),
            user_id=row.member.external_id,
            due=_due(fact, row),
        )
        try:
            if verdict.charge:
                _charge(row, fact, verdict, now)
            else:
                _release(row, fact, verdict, now)
        except SpendingHeld:
            # It waits as it is: the reconcile reads the order again.
            return


def _due(fact: OrderFact, payment: Payment) -> int:
    """What nobody else pays or may be made to pay."""
    others = [one for one in fact.transactions if one.transaction_id != payment.transaction_id]
    # What came by other ways than transactions, too.
    by_transactions = sum(one.charged for one in fact.transactions)
    elsewhere = max(fact.charged - by_transactions, 0)
    return max(fact.total_gross - elsewhere - sum(max(one.charged, 0) + one.authorized for one in others), 0)


def _charge(payment: Payment, fact: OrderFact, verdict: Verdict, now: datetime) -> None:
    units = used(parts_of(payment), verdict.charge).amounts(payment.currency)
    holds.capture(SYSTEM, hold_id=payment.hold_id, amounts=units, order_ref=fact.ref, now=now)
    payment.state, payment.charged, payment.ended_at, payment.reason = State.CHARGED, verdict.charge, now, ""
    payment.save(update_fields=["state", "charged", "ended_at", "reason"])
    reference = ending.reference_of(payment, "c")
    ending.note(
        payment, PaymentMovement.Kind.CHARGE, "order", verdict.charge, now, units=units, reference=reference
    )
    ending.send(ending.CHARGE, payment, now, charge=verdict.charge, rest=payment.amount - verdict.charge)


def _release(payment: Payment, fact: OrderFact, verdict: Verdict, now: datetime) -> None:
    ending.let_go(payment, verdict.reason, now)
    ending.send(ending.CANCEL, payment, now, amount=payment.amount)
    if verdict.reason in SUSPICIOUS:
        _tell(payment, fact, verdict.reason, now)


def _left_open(payment: Payment, fact: OrderFact, now: datetime) -> None:
    """An order placed while its payment was being let go has nothing that pays it."""
    released = payment.state == State.RELEASED and payment.reason != "order_cancelled"
    if (
        released
        and not fact.cancelled
        and not fact.may_owe
        and fact.charged + fact.authorized < fact.total_gross
    ):
        _tell(payment, fact, NOT_COVERED, now)


def _tell(payment: Payment, fact: OrderFact, code: str, now: datetime) -> None:
    difference = Difference(code, promised=payment.amount, charged=0, lost=payment.amount)
    incidents.open_incident(fact, payment.realm, [difference], member_id=payment.member_id, now=now)
    incidents.hold_back(payment.realm, fact.order_id, now=now)
