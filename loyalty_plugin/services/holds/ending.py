"""Ends holds, each once: captured, released, or released since their time is over; places none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from loyalty_plugin.domain import holds
from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.domain.holds import Portion
from loyalty_plugin.domain.ledger import Kind, input_digest
from loyalty_plugin.errors import HoldEnded, KeyConflict, LoyaltyError
from loyalty_plugin.models.holds import Hold, HoldPortion
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import require_self, require_system
from loyalty_plugin.queries.holds import overdue, portions_of
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import posting
from loyalty_plugin.services.holds.parts import Held, bring_up_to_date, locked_hold, plan_of, view
from loyalty_plugin.services.realms import require_spending

_log = logging.getLogger(__name__)

#: Overdue holds looked up at once; each is released in a transaction of its own.
BATCH: Final = 200


def capture(
    actor: Actor,
    *,
    hold_id: int,
    now: datetime,
    amounts: Mapping[str, int] | None = None,
    order_ref: str = "",
) -> Held:
    """Use what is held, or these amounts of it by unit, and give the rest back: it is one act and ends the hold.

    A hold whose time is over can be captured for as long as it was not released: the order exists. So can one of a member
    who was frozen since. Raises PermissionDenied, NotFound, HoldEnded, HoldExceeded, InvalidAmount, KeyConflict,
    SpendingHeld.
    """
    require_system(actor)
    asked = {"capture": dict(sorted(amounts.items())) if amounts is not None else None, "order": order_ref}
    with transaction.atomic():
        row, member = locked_hold(hold_id)
        digest = input_digest(asked)
        if _ended_so(row, Hold.State.CAPTURED, digest):
            return view(row, replayed=True)
        parts = holds.divide(portions_of(hold_id), amounts)
        return _end(actor, row, member, Hold.State.CAPTURED, *parts, digest, now=now, order_ref=order_ref)


def release(actor: Actor, *, hold_id: int, reason: str, now: datetime) -> Held:
    """Give all that is held back to its lots; what is over meanwhile ends at once, what is owed is repaid first.

    `reason` is a code for the trail, and no part of the request: who releases it twice means the same.
    Raises PermissionDenied, NotFound, HoldEnded (it was captured), SpendingHeld.
    """
    with transaction.atomic():
        row, member = locked_hold(hold_id)
        require_self(actor, row.member_id)
        return _release(actor, row, member, reason, now)


def release_overdue(*, now: datetime, batch: int = BATCH) -> int:
    """Release the open holds whose time is over; how many. Killed half-way, it goes on when called again."""
    after = done = 0
    while found := overdue(now, after=after, limit=batch):
        for hold_id in found:
            try:
                with transaction.atomic(durable=True):
                    row, member = locked_hold(hold_id)
                    # Captured or renewed since it was looked up.
                    if row.state == Hold.State.OPEN and row.until <= now:
                        _release(SYSTEM, row, member, "out_of_time", now)
                        done += 1
            except LoyaltyError:
                # The others must not wait for it; it is tried again with the next run.
                _log.exception("hold %s can't be released", hold_id)
        after = found[-1]
    return done


def _release(actor: Actor, row: Hold, member: Member, reason: str, now: datetime) -> Held:
    digest = input_digest({"release": row.pk})
    if _ended_so(row, Hold.State.RELEASED, digest):
        return view(row, replayed=True)
    portions = portions_of(row.pk)
    return _end(actor, row, member, Hold.State.RELEASED, (), portions, digest, now=now, reason=reason)


def _ended_so(row: Hold, state: str, digest: bytes) -> bool:
    """Whether it ended by this very request; False while it is open. Raises HoldEnded, KeyConflict."""
    if row.state == Hold.State.OPEN:
        return False
    if row.state != state:
        raise HoldEnded(hold=row.pk, state=row.state)
    if bytes(row.ended_hash or b"") != digest:
        raise KeyConflict(key=row.key, hold=row.pk)
    return True


def _end(
    actor: Actor,
    row: Hold,
    member: Member,
    state: Hold.State,
    captured: Sequence[Portion],
    released: Sequence[Portion],
    digest: bytes,
    *,
    now: datetime,
    order_ref: str = "",
    reason: str = "",
) -> Held:
    require_spending(row.realm_id)
    version = versions_of(member.programme_id).at(now)
    locked = posting.lock({(member.pk, one.unit) for one in (*captured, *released)})
    kind, way = (Kind.CAPTURE, "capture") if captured else (Kind.RELEASE, "release")
    intents = holds.ending(captured, released)
    plan = plan_of(
        actor,
        member,
        version,
        kind,
        f"{row.key}|{way}",
        digest,
        intents,
        row.channel,
        now=now,
        order_ref=order_ref,
        hold_id=row.pk,
    )
    [posted] = posting.post([plan], recorded_at=now, locked=locked)
    if released:
        bring_up_to_date(member, locked, now)
    row.state, row.ended_at, row.ended_entry_id, row.ended_hash = state, now, posted.entry_id, digest
    row.reason = reason
    row.save(update_fields=["state", "ended_at", "ended_entry_id", "ended_hash", "reason"])
    for one in captured:
        HoldPortion.objects.filter(hold=row, lot_id=one.lot).update(captured=one.amount)
    return view(row)
