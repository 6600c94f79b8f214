"""Staff adjust a member's points: posted within their limits, asked of a second person above, or refused.

Nobody adjusts their own membership. Undo is a reversing entry, never a change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.intents import Award, Consume, Intent, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, Account, Kind, Shortfall, input_digest
from loyalty_plugin.domain.limits import Excess, excess
from loyalty_plugin.domain.lots import active_until, expiry_of
from loyalty_plugin.domain.values import MAX_AMOUNT
from loyalty_plugin.errors import (
    InvalidAmount,
    InvalidInput,
    LimitExceeded,
    NotFound,
    PermissionDenied,
    SamePerson,
)
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.staff import Person
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.entries import Adjustment, adjustment
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.staff import limit_of, used_today
from loyalty_plugin.services import approvals, audit, notes, posting
from loyalty_plugin.services.members import get_locked

#: Reasons staff choose from; the code is stored, the words are for people.
REASONS: Final = {
    "goodwill": _("Goodwill"),
    "missing_points": _("Missing points"),
    "complaint": _("Complaint"),
    "correction": _("Correction of a mistake"),
    "promotion": _("Promotion"),
    "other": _("Other"),
}
OPERATION: Final = "points.adjust"
UNDO: Final = "points.undo"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an adjustment: an entry, or a request that waits because of `excess`."""

    entry_id: int | None
    request_id: int | None = None
    excess: Excess | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an adjustment would do: points available before and after, and the limit it would go above."""

    before: int
    after: int
    excess: Excess | None


def _check(actor: Actor, member: Member, amount: int, reason: str) -> None:
    require(actor, Operation.ADJUST_POINTS)
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < abs(amount) <= MAX_AMOUNT:
        raise InvalidAmount(amount=str(amount))
    if reason not in REASONS:
        raise InvalidInput(reason=reason)
    if actor.member_id == member.pk:
        raise SamePerson(reason="own_membership")


def _excess(actor: Actor, member: Member, amount: int, now: datetime) -> Excess | None:
    """The limit this goes above, None if it fits. Holds the person's row, so that parallel acts queue up."""
    if actor.kind is ActorKind.SYSTEM:
        return None
    limit = limit_of(actor, OPERATION)
    if actor.person_id is None:
        found = excess(limit, 0, amount)
        if found is not None or limit.daily is not None:
            raise PermissionDenied(operation=OPERATION, reason="unmapped_account")
        return None
    Person.objects.select_for_update(no_key=True).get(pk=actor.person_id)
    found = excess(limit, used_today(actor.person_id, OPERATION, member.programme.timezone, now), amount)
    if found is not None and not limit.may_request:
        raise LimitExceeded(which=found.which, limit=found.limit, used=found.used, asked=found.asked)
    return found


def _above_maximum(member: Member, amount: int) -> Excess | None:
    """No award above the programme's hard maximum is posted by one person, whatever their own limit."""
    highest = member.programme.max_award
    return Excess("hard_maximum", highest, 0, amount) if amount > highest else None


def preview(actor: Actor, *, member_id: int, amount: int, now: datetime, reason: str = "other") -> Preview:
    """What it would do, without doing it. Raises as `adjust` does."""
    with transaction.atomic():
        member = get_locked(member_id)
        _check(actor, member, amount, reason)
        found = _excess(actor, member, amount, now) or _above_maximum(member, amount)
        before = posting.lock([(member.pk, POINTS)], lots=False).balance(member.pk)
    owed = -before.owed if amount > 0 else 0
    return Preview(
        before.available,
        before.available + max(amount - owed, 0) if amount > 0 else before.available + amount,
        found,
    )


def adjust(
    actor: Actor, *, member_id: int, amount: int, reason: str, now: datetime, key: str, words: str = ""
) -> Outcome:
    """Give (amount > 0) or take (amount < 0) points. `key` makes a repeated click one act.

    Raises PermissionDenied, SamePerson, InvalidAmount, InvalidInput, InsufficientPoints, LimitExceeded,
    KeyConflict, UnknownMember.
    """
    with transaction.atomic():
        member = get_locked(member_id)
        _check(actor, member, amount, reason)
        version = versions_of(member.programme_id).at(now)
        intent: Intent = (
            Award(
                POINTS,
                amount,
                expires_at=expiry_of(version.document.expiry, now, version.zone),
                source=Account.ADJUSTMENT,
            )
            if amount > 0
            else Consume(POINTS, -amount, to=Account.ADJUSTMENT)
        )
        plan = Plan(
            key=f"{version.code}|adjust|{key}",
            digest=input_digest({"member": member_id, "amount": amount, "reason": reason}),
            kind=Kind.ADJUST,
            programme_id=version.programme_id,
            version_id=version.id,
            member_id=member.pk,
            occurred_at=now,
            intents=(intent,),
            actor=actor.name,
            source=actor.source,
            active_until=active_until(version.document.expiry, now, version.zone),
            explanation={"adjustment": {"amount": amount, "reason": reason}},
        )
        known = posting.replay_of(plan)
        if known is not None:
            return Outcome(known, replayed=True)
        waiting = approvals.asked_before(plan)
        if waiting is not None:
            return Outcome(None, waiting, replayed=True)
        found = _excess(actor, member, amount, now) or _above_maximum(member, amount)
        if found is not None:
            cause = {"which": found.which, "limit": found.limit, "used": found.used, "asked": found.asked}
            asked = approvals.ask(
                actor,
                plan,
                operation=OPERATION,
                amount=amount,
                cause=cause,
                now=now,
                reason=reason,
                words=words,
            )
            return Outcome(None, asked.request_id, found, asked.replayed)
        posted = posting.post([replace(plan, note_digest=notes.keep(words))], recorded_at=now)[0]
        audit.record(
            actor,
            OPERATION,
            f"member:{member.pk}",
            "posted",
            now=now,
            detail={"amount": amount, "reason": reason, "entry": posted.entry_id},
        )
        return Outcome(posted.entry_id, replayed=posted.replayed)


def undoable(actor: Actor, *, entry_id: int) -> Adjustment | None:
    """The adjustment, if this actor may still take it back."""
    require(actor, Operation.ADJUST_POINTS)
    found = adjustment(entry_id)
    return found if found is not None and not found.undone and actor.member_id != found.member_id else None


def undo(actor: Actor, *, entry_id: int, now: datetime) -> Outcome:
    """Take an adjustment back by a reversing entry: given points leave, taken ones return with their expiry.

    Uses no limit: it only restores what was. But what took a second person takes one again: then it waits as a
    request. Raises NotFound where there is nothing to take back, InsufficientPoints where given points were spent,
    PermissionDenied.
    """
    with transaction.atomic():
        found = undoable(actor, entry_id=entry_id)
        if found is None:
            raise NotFound(entry=entry_id)
        member = get_locked(found.member_id)
        version = versions_of(member.programme_id).at(now)
        intents: list[Intent] = [
            Award(
                POINTS,
                amount,
                expires_at=expires_at,
                source=Account.ADJUSTMENT,
                origin_lot=lot_id,
                restores=True,
            )
            for lot_id, amount, expires_at in found.taken
        ]
        if found.amount > 0:
            intents = [TakeBack(POINTS, found.amount, found.opened, Shortfall.REFUSE, Account.ADJUSTMENT)]
        plan = Plan(
            key=f"{version.code}|undo|{entry_id}",
            digest=input_digest({"undo": entry_id}),
            kind=Kind.REVERSE,
            programme_id=version.programme_id,
            version_id=version.id,
            member_id=member.pk,
            occurred_at=now,
            intents=tuple(intents),
            reverses_id=entry_id,
            actor=actor.name,
            source=actor.source,
            explanation={"adjustment": {"amount": -found.amount, "reason": "correction", "undoes": entry_id}},
        )
        if found.approved and actor.kind is not ActorKind.SYSTEM:
            return _ask_to_undo(actor, plan, -found.amount, now)
        posted = posting.post([plan], recorded_at=now)[0]
        audit.record(
            actor,
            UNDO,
            f"member:{member.pk}",
            "posted",
            now=now,
            detail={"amount": -found.amount, "entry": posted.entry_id, "undoes": entry_id},
        )
        return Outcome(posted.entry_id, replayed=posted.replayed)


def _ask_to_undo(actor: Actor, plan: Plan, amount: int, now: datetime) -> Outcome:
    """Let a second person decide; one request at a time, and a new one after one was refused. Under the member's lock."""
    if actor.person_id is None:
        raise PermissionDenied(operation=UNDO, reason="unmapped_account")
    plan = replace(plan, key=f"{plan.key}|{approvals.refused_before(plan.key)}")
    asked = approvals.ask(
        actor,
        plan,
        operation=UNDO,
        amount=amount,
        cause={"which": "second_person"},
        now=now,
        reason="correction",
    )
    return Outcome(None, asked.request_id, replayed=asked.replayed)
