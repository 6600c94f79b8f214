"""Places holds and lets them last longer; ends none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from loyalty_plugin.domain import holds
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.holds import Portion
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.domain.lots import Inactivity
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import HoldEnded, KeyConflict
from loyalty_plugin.models.holds import Hold, HoldPortion
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import require_self
from loyalty_plugin.queries.holds import active_until_of, ends_of, portions_of
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import posting
from loyalty_plugin.services.holds.parts import (
    Held,
    bring_up_to_date,
    locked_hold,
    plan_of,
    require_free,
    view,
)
from loyalty_plugin.services.members import get_locked


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
            return view(known, replayed=True)
        require_free(member, realm_id)
        locked = posting.lock([(member_id, unit) for unit in asked])
        bring_up_to_date(member, locked, now)
        plan = plan_of(actor, member, version, Kind.HOLD, key, digest, holds.placing(asked), channel, now=now)
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
        return view(row)


def renew(actor: Actor, *, hold_id: int, until: datetime, now: datetime) -> Held:
    """Let an open hold last until then, or for as long as what it holds lives; never shorter than before.

    Raises PermissionDenied, NotFound, InvalidInput, HoldEnded (also where its time is over), MemberFrozen, SpendingHeld.
    """
    with transaction.atomic():
        row, member = locked_hold(hold_id)
        require_self(actor, row.member_id)
        if until <= row.until:
            # Renewed so far before, whatever has become of it.
            return view(row, replayed=True)
        if row.state != Hold.State.OPEN:
            raise HoldEnded(hold=hold_id, state=row.state)
        if row.until <= now:
            raise HoldEnded(hold=hold_id, state="out_of_time")
        require_free(member, row.realm_id)
        portions = portions_of(hold_id)
        version = versions_of(member.programme_id).at(now)
        latest = _latest(member, version, portions, ends_of(one.lot for one in portions))
        reached = holds.held_until(now, until - now, latest)
        if reached <= row.until:
            return view(row, replayed=True)
        row.until = reached
        row.save(update_fields=["until"])
        return view(row)


def _latest(
    member: Member, version: ProgrammeVersion, portions: Sequence[Portion], ends: Sequence[datetime | None]
) -> datetime | None:
    """Beyond which no hold of these portions lasts: when the first of their lots ends, or all by inactivity."""
    if isinstance(version.document.expiry, Inactivity) and any(one.unit == POINTS for one in portions):
        ends = [*ends, active_until_of(member.pk)]
    return holds.latest_end(ends)
