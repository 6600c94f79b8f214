"""Money paid by hand: asks a second person where the version wants one, and says what of it counts until then.

What a person confirms is money, not points: the order is then read anew and takes the one path of orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from loyalty_plugin.conf import settings
from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import input_digest
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.services import approvals, audit
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.records import Record
from loyalty_plugin.services.orders.work import Work
from loyalty_plugin.signals import announce, request_opened

#: What a decision about the money may change of an order that earned, or might.
_OPEN: Final = ("", steps.NOTHING_EARNED, steps.PAID_BY_HAND)


def with_provenance(facts: Sequence[OrderFact], records: Mapping[str, Record]) -> list[OrderFact]:
    """The facts with each charge's source as it was known when it could still be read.

    Saleor forgets who reported a charge once that App is deactivated or deleted. One query, and only where that
    may have happened.
    """
    listed = settings.PAYMENT_APPS
    unknown = {
        records[fact.ref].id: fact.ref
        for fact in facts
        if fact.ref in records
        and records[fact.ref].revision
        and any(charge.source in provenance.NAMELESS for charge in fact.charges)
    }
    before: dict[str, Mapping[str, str]] = {}
    if unknown:
        rows = OrderRecord.objects.filter(pk__in=unknown).values_list("pk", "fact__charges")
        before = {unknown[pk]: charges or {} for pk, charges in rows}
    return [provenance.judged(fact, before.get(fact.ref, {}), listed) for fact in facts]


def ask(work: Work, amount: int, now: datetime) -> None:
    """Ask a second person about so much money paid by hand, or withdraw what was asked where nothing is left to ask.

    Says on the order's record what it waits for.
    """
    record = work.record
    if not amount and record.outcome not in (steps.HAND_WAITS, steps.HAND_REFUSED):
        return
    last = (
        Request.objects.filter(operation=approvals.HAND_PAID, key__startswith=f"{work.fact.ref}|hand|")
        .order_by("-pk")
        .first()
    )
    if last is not None and last.status == Request.Status.WAITING:
        if last.amount == amount:
            work.waits_for = steps.HAND_WAITS
            return
        approvals.withdraw(SYSTEM, request_id=last.pk, now=now)
    if not amount:
        return
    if last is not None and last.status == Request.Status.REJECTED and last.amount >= amount:
        work.waits_for = steps.HAND_REFUSED
        return
    _ask(work, amount, now)
    work.waits_for = steps.HAND_WAITS


def note(work: Work) -> None:
    """Write on the record what the order waits for, where nothing weightier is said there."""
    if work.waits_for and work.record.outcome in _OPEN:
        work.record.outcome = work.waits_for


def _ask(work: Work, amount: int, now: datetime) -> None:
    """Let a second person say whether the money came in. Whoever declared it asks, where we know them."""
    fact, member = work.fact, f"member:{work.member.pk}"
    digest = input_digest({"order": fact.ref, "amount": amount, "currency": fact.currency})
    request = Request.objects.create(
        key=f"{fact.ref}|hand|{work.record.revision}",
        programme_id=work.version.programme_id,
        member_id=work.member.pk,
        operation=approvals.HAND_PAID,
        amount=amount,
        unit=fact.currency,
        payload={"order_ref": fact.ref, "digest": digest.hex()},
        cause={
            "which": "hand_paid",
            "limit": work.version.document.hand_paid_limit,
            "order": work.fact.number,
        },
        requested_by=_person(work, work.record),
        created_at=now,
        expires_at=now + approvals.FOR_EVER,
    )
    detail = {"money": amount, "currency": fact.currency}
    audit.record(SYSTEM, approvals.HAND_PAID, member, "asked", now=now, detail=detail, request_id=request.pk)
    announce(request_opened, request_id=request.pk)


def _person(work: Work, record: Record) -> Person | None:
    """The person who declared the money, where it is one whom we know: they can't confirm it themselves."""
    people = list(
        Person.objects.filter(
            realm_id=record.realm_id, saleor_user_id__in=provenance.declared_by(work.fact.charges) - {""}
        )[:2]
    )
    return people[0] if len(people) == 1 else None
