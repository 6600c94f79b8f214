"""Money paid by hand: asks a second person where the version wants one, and says what of it counts until then.

What a person confirms is money, not points: the order is then read anew and takes the one path of orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet, Sum

from loyalty_plugin.conf import settings
from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import input_digest
from loyalty_plugin.errors import KeyConflict
from loyalty_plugin.models.orders import HandMoney, OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.services import approvals, audit, decided, locks
from loyalty_plugin.services.asking import open_request
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.records import Record
from loyalty_plugin.services.orders.work import Work

#: What a decision about the money may change of an order that earned, or might.
_UNDECIDED: Final = ("", steps.NOTHING_EARNED, steps.PAID_BY_HAND)
#: Why a person is asked about money within the limit of one order.
_DAY_FULL: Final = "hand_paid_day"
#: The span over which money counted without a second person is summed.
DAY: Final = timedelta(hours=24)


def with_provenance(facts: Sequence[OrderFact], records: Mapping[str, Record]) -> list[OrderFact]:
    """The facts with each charge's source as it was known when it could still be read.

    Saleor forgets who reported a charge once that App is deactivated or deleted. One query, and only where that
    may have happened.
    """
    listed = settings.PAYMENT_APPS
    unknown = {
        record.id: fact.ref
        for fact in facts
        if (record := records.get(fact.ref)) is not None
        and record.id is not None
        and any(charge.source in provenance.NAMELESS for charge in fact.charges)
    }
    before: dict[str, Mapping[str, str]] = {}
    if unknown:
        rows = OrderRecord.objects.filter(pk__in=unknown).values_list("pk", "fact__charges")
        before = {unknown[pk]: charges or {} for pk, charges in rows}
    return [provenance.judged(fact, before.get(fact.ref, {}), listed) for fact in facts]


def weighed(work: Work, now: datetime) -> OrderFact:
    """The order with what of its money paid by hand counts; asks a second person about the rest where that is due.

    Counted without one is as much as the version says, of one order and of all within 24 hours. What was counted once
    stays so, and what a person was asked about waits for them, though another day has room for it.
    """
    fact, record, document = work.fact, work.record, work.version.document
    amount = provenance.wanted(fact, document)
    if not amount and record.outcome not in (steps.HAND_WAITS, steps.HAND_REFUSED):
        return fact
    small = amount <= document.hand_paid_limit
    if work.past or record.past:  # nobody is asked about years ago
        return provenance.counted(fact, document, amount if small else record.vouched)
    may_earn = steps.why_not(fact, work.version) in ("", steps.PAID_BY_HAND)
    last = _last(fact)
    trusted, used = record.vouched, 0
    if small and trusted < amount:
        held = _mine(record).values_list("amount", flat=True).first() or 0
        if last is not None and _is_asked(last, amount):
            used = int(last.cause.get("used", 0))
        elif held < amount and may_earn:
            used = _used(work, now)
            held = _count(work, amount, now) if used + amount <= document.hand_paid_a_day else held
        trusted = max(trusted, held)
    _ask(work, amount if may_earn and amount > trusted else 0, last, used, now)
    return provenance.counted(fact, document, trusted)


def _used(work: Work, now: datetime) -> int:
    """What other orders of the programme counted within 24 hours, minor units; nobody adds to it until we are done.

    The lock's place in the order of locks is after orders and members and before budgets and balances.
    """
    locks.hold("hand_money")
    recent = HandMoney.objects.filter(programme_id=work.version.programme_id, counted_at__gt=now - DAY)
    others = recent.exclude(realm_id=work.record.realm_id, order_id=work.record.order_id)
    return int(others.aggregate(sum=Sum("amount", default=0))["sum"])


def _count(work: Work, amount: int, now: datetime) -> int:
    """Add this order's money to that of the day; so much is held for it now."""
    counted = {"programme_id": work.version.programme_id, "amount": amount, "counted_at": now}
    record = work.record
    HandMoney.objects.update_or_create(realm_id=record.realm_id, order_id=record.order_id, defaults=counted)
    return amount


def _mine(record: Record) -> QuerySet[HandMoney]:
    return HandMoney.objects.filter(realm_id=record.realm_id, order_id=record.order_id)


def _last(fact: OrderFact) -> Request | None:
    asked = Request.objects.filter(operation=decided.HAND_PAID, key__startswith=f"{fact.ref}|hand|")
    return asked.order_by("-pk").first()


def _is_asked(last: Request, amount: int) -> bool:
    """Whether so much waits for a person, or was refused by one; more than this order's limit is another question."""
    if last.status == Request.Status.WAITING:
        return bool(last.cause.get("which") == _DAY_FULL)
    return last.status == Request.Status.REJECTED and last.amount >= amount


def _ask(work: Work, amount: int, last: Request | None, used: int, now: datetime) -> None:
    """Ask a second person about so much money paid by hand, or withdraw what was asked where nothing is left to ask.

    Says on the order's record what it waits for.
    """
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
    _open(work, amount, used, now)
    work.waits_for = steps.HAND_WAITS


def note(work: Work) -> None:
    """Write on the record what the order waits for, where nothing weightier is said there."""
    if work.waits_for and work.record.outcome in _UNDECIDED:
        work.record.outcome = work.waits_for


def _open(work: Work, amount: int, used: int, now: datetime) -> None:
    """Let a second person say whether the money came in. Whoever declared it asks, where we know them."""
    fact, document, member = work.fact, work.version.document, f"member:{work.member.pk}"
    digest = input_digest({"order": fact.ref, "amount": amount, "currency": fact.currency})
    cause = {"which": "hand_paid", "limit": document.hand_paid_limit, "order": fact.number}
    if amount <= document.hand_paid_limit:
        cause |= {"which": _DAY_FULL, "limit": document.hand_paid_a_day, "used": used, "unit": fact.currency}
    declared_by = _person(work, work.record)
    request, new = open_request(
        key=f"{fact.ref}|hand|{work.record.revision}",
        programme_id=work.version.programme_id,
        member_id=work.member.pk,
        operation=decided.HAND_PAID,
        amount=amount,
        unit=fact.currency,
        payload={"order_ref": fact.ref, "digest": digest.hex()},
        cause=cause,
        requested_by_id=declared_by.pk if declared_by is not None else None,
        now=now,
        runs_out=False,
    )
    if not new:
        # It may have been decided or withdrawn: nobody would ever answer it.
        raise KeyConflict(key=request.key, request=request.pk)
    detail = {"money": amount, "currency": fact.currency}
    audit.record(SYSTEM, decided.HAND_PAID, member, "asked", now=now, detail=detail, request_id=request.pk)


def _person(work: Work, record: Record) -> Person | None:
    """The person who declared the money, where it is one whom we know: they can't confirm it themselves."""
    people = list(
        Person.objects.filter(
            realm_id=record.realm_id, saleor_user_id__in=provenance.declared_by(work.fact.charges) - {""}
        )[:2]
    )
    return people[0] if len(people) == 1 else None
