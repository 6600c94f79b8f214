"""Reserves points and stored value for an open checkout, and captures, releases or renews that; calls no Saleor.

Each step repeated with the same request gives the same answer, marked replayed; another request under the same key is
refused. Every step takes the member's row first and the balances after it, so that parallel ones queue up.
While nothing may be spent at a Saleor its holds stand still: none is placed, renewed, captured or released.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from loyalty_plugin.domain import holds
from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.domain.holds import Portion
from loyalty_plugin.domain.intents import Intent, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.domain.lots import Inactivity, active_until
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import HoldEnded, KeyConflict, LoyaltyError, MemberFrozen, NotFound
from loyalty_plugin.models.holds import Hold, HoldPortion
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import require_self, require_system
from loyalty_plugin.queries.holds import active_until_of, ends_of, overdue, portions_of
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import posting
from loyalty_plugin.services.expiry.due import settle_due
from loyalty_plugin.services.members import get_locked
from loyalty_plugin.services.realms import require_spending

_log = logging.getLogger(__name__)

#: Overdue holds looked up at once; each is released in a transaction of its own.
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as it stands: what was reserved by unit, what of it was used in the end, and until when it lasts."""

    hold_id: int
    state: holds.State
    amounts: Mapping[str, int]
    captured: Mapping[str, int]
    until: datetime
    replayed: bool = False


def place(
    actor: Actor,
    *,
    key: str,
    member_id: int,
    realm_id: int,
    target: str,
    amounts: Mapping[str, int],
    lasting: timedelta,
    now: datetime,
    channel: str = "",
) -> Held:
    """Reserve these amounts by unit, all or none, soonest expiry first; never longer than their lots live.

    `key` is the caller's own, unique in the programme. What has come due is brought up to date first, so that nothing is
    held that is over. Raises PermissionDenied, UnknownMember, InvalidInput, InvalidAmount, KeyConflict, MemberFrozen,
    SpendingHeld, InsufficientPoints.
    """
    require_self(actor, member_id)
    asked = holds.check_asked(amounts)
    digest = input_digest(
        {
            "member": member_id,
            "realm": realm_id,
            "target": target,
            "channel": channel,
            "lasting": str(lasting),
            "amounts": asked,
        }
    )
    with transaction.atomic():
        member = get_locked(member_id)
        version = versions_of(member.programme_id).at(now)
        key = f"{version.code}|hold|{key}"
        known = Hold.objects.filter(key=key).first()
        if known is not None:
            if bytes(known.input_hash) != digest:
                raise KeyConflict(key=key, hold=known.pk)
            return _view(known, replayed=True)
        _require_free(member, realm_id)
        locked = posting.lock([(member_id, unit) for unit in asked])
        _bring_up_to_date(member, locked, now)
        plan = _plan(actor, member, version, Kind.HOLD, key, digest, holds.placing(asked), channel, now=now)
        [posted] = posting.post([plan], recorded_at=now, locked=locked)
        if posted.replayed:
            raise KeyConflict(key=key, entry=posted.entry_id)
        portions = holds.portions_of(posted.postings)
        lots = locked.books[member_id].lots
        latest = _latest(member, version, portions, [lots[one.lot].expires_at for one in portions])
        assert posted.entry_id is not None
        row = Hold.objects.create(
            key=key,
            input_hash=digest,
            member=member,
            realm_id=realm_id,
            target=target,
            channel=channel,
            placed_at=now,
            until=holds.held_until(now, lasting, latest),
            entry_id=posted.entry_id,
        )
        HoldPortion.objects.bulk_create(
            HoldPortion(hold=row, position=position, unit=unit, lot_id=lot, amount=amount)
            for position, (unit, lot, amount) in enumerate(portions)
        )
        return _view(row)


def renew(actor: Actor, *, hold_id: int, until: datetime, now: datetime) -> Held:
    """Let an open hold last until then, or for as long as what it holds lives; never shorter than before.

    Raises PermissionDenied, NotFound, InvalidInput, HoldEnded (also where its time is over), MemberFrozen, SpendingHeld.
    """
    with transaction.atomic():
        row, member = _locked(hold_id)
        require_self(actor, row.member_id)
        if until <= row.until:
            # Renewed so far before, whatever has become of it.
            return _view(row, replayed=True)
        if row.state != Hold.State.OPEN:
            raise HoldEnded(hold=hold_id, state=row.state)
        if row.until <= now:
            raise HoldEnded(hold=hold_id, state="out_of_time")
        _require_free(member, row.realm_id)
        portions = portions_of(hold_id)
        version = versions_of(member.programme_id).at(now)
        latest = _latest(member, version, portions, ends_of(one.lot for one in portions))
        reached = holds.held_until(now, until - now, latest)
        if reached <= row.until:
            return _view(row, replayed=True)
        row.until = reached
        row.save(update_fields=["until"])
        return _view(row)


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
        row, member = _locked(hold_id)
        digest = input_digest(asked)
        if _ended_so(row, Hold.State.CAPTURED, digest):
            return _view(row, replayed=True)
        parts = holds.divide(portions_of(hold_id), amounts)
        return _end(actor, row, member, Hold.State.CAPTURED, *parts, digest, now=now, order_ref=order_ref)


def release(actor: Actor, *, hold_id: int, reason: str, now: datetime) -> Held:
    """Give all that is held back to its lots; what is over meanwhile ends at once, what is owed is repaid first.

    `reason` is a code for the trail, and no part of the request: who releases it twice means the same.
    Raises PermissionDenied, NotFound, HoldEnded (it was captured), SpendingHeld.
    """
    with transaction.atomic():
        row, member = _locked(hold_id)
        require_self(actor, row.member_id)
        return _release(actor, row, member, reason, now)


def release_overdue(*, now: datetime, batch: int = BATCH) -> int:
    """Release the open holds whose time is over; how many. Killed half-way, it goes on when called again."""
    after = done = 0
    while found := overdue(now, after=after, limit=batch):
        for hold_id in found:
            try:
                with transaction.atomic(durable=True):
                    row, member = _locked(hold_id)
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
        return _view(row, replayed=True)
    portions = portions_of(row.pk)
    return _end(actor, row, member, Hold.State.RELEASED, (), portions, digest, now=now, reason=reason)


def _locked(hold_id: int) -> tuple[Hold, Member]:
    """The hold as it is under its member's lock, which whoever changes a hold takes. Raises NotFound."""
    member_id = Hold.objects.filter(pk=hold_id).values_list("member_id", flat=True).first()
    if member_id is None:
        raise NotFound(hold=hold_id)
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    return Hold.objects.get(pk=hold_id), member


def _require_free(member: Member, realm_id: int) -> None:
    if member.status != Member.Status.ACTIVE:
        raise MemberFrozen(member=member.pk)
    require_spending(realm_id)


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
    plan = _plan(
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
        _bring_up_to_date(member, locked, now)
    row.state, row.ended_at, row.ended_entry_id, row.ended_hash = state, now, posted.entry_id, digest
    row.reason = reason
    row.save(update_fields=["state", "ended_at", "ended_entry_id", "ended_hash", "reason"])
    for one in captured:
        HoldPortion.objects.filter(hold=row, lot_id=one.lot).update(captured=one.amount)
    return _view(row)


def _plan(
    actor: Actor,
    member: Member,
    version: ProgrammeVersion,
    kind: Kind,
    key: str,
    digest: bytes,
    intents: Sequence[Intent],
    channel: str,
    *,
    now: datetime,
    order_ref: str = "",
    hold_id: int | None = None,
) -> Plan:
    # Buying something is activity, trying to is not.
    active = active_until(version.document.expiry, now, version.zone) if kind is Kind.CAPTURE else None
    return Plan(
        key=key,
        digest=digest,
        kind=kind,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=member.pk,
        occurred_at=now,
        intents=tuple(intents),
        channel=channel,
        order_ref=order_ref,
        actor=actor.name,
        source=f"hold:{hold_id}" if hold_id else actor.source,
        active_until=active,
    )


def _bring_up_to_date(member: Member, locked: posting.Locked, now: datetime) -> None:
    active = active_until_of(member.pk) if (member.pk, POINTS) in locked.units else None
    settle_due(
        locked,
        member.pk,
        member.programme_id,
        verified=member.verified_at is not None,
        active=active,
        now=now,
    )


def _latest(
    member: Member, version: ProgrammeVersion, portions: Sequence[Portion], ends: Sequence[datetime | None]
) -> datetime | None:
    """Beyond which no hold of these portions lasts: when the first of their lots ends, or all by inactivity."""
    if isinstance(version.document.expiry, Inactivity) and any(one.unit == POINTS for one in portions):
        ends = [*ends, active_until_of(member.pk)]
    return holds.latest_end(ends)


def _view(row: Hold, *, replayed: bool = False) -> Held:
    amounts: Counter[str] = Counter()
    captured: Counter[str] = Counter()
    for unit, amount, used in row.portions.values_list("unit", "amount", "captured"):
        amounts[unit] += amount
        captured[unit] += used
    return Held(row.pk, holds.State(row.state), dict(amounts), +captured, row.until, replayed)
