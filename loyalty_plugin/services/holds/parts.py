"""What every step on a hold needs: its rows under lock, its plan, its answer; decides nothing by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty_plugin.domain import holds
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.intents import Intent, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind
from loyalty_plugin.domain.lots import active_until
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import MemberFrozen, NotFound
from loyalty_plugin.models.holds import Hold
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.holds import active_until_of
from loyalty_plugin.services import posting
from loyalty_plugin.services.expiry.due import settle_due
from loyalty_plugin.services.realms import require_spending


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as it stands: what was reserved by unit, what of it was used in the end, and until when it lasts."""

    hold_id: int
    state: holds.State
    amounts: Mapping[str, int]
    captured: Mapping[str, int]
    until: datetime
    replayed: bool = False


def locked_hold(hold_id: int) -> tuple[Hold, Member]:
    """The hold as it is under its member's lock, which whoever changes a hold takes. Raises NotFound."""
    member_id = Hold.objects.filter(pk=hold_id).values_list("member_id", flat=True).first()
    if member_id is None:
        raise NotFound(hold=hold_id)
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    return Hold.objects.get(pk=hold_id), member


def require_free(member: Member, realm_id: int) -> None:
    if member.status != Member.Status.ACTIVE:
        raise MemberFrozen(member=member.pk)
    require_spending(realm_id)


def plan_of(
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


def bring_up_to_date(member: Member, locked: posting.Locked, now: datetime) -> None:
    active = active_until_of(member.pk) if (member.pk, POINTS) in locked.units else None
    settle_due(
        locked,
        member.pk,
        member.programme_id,
        verified=member.verified_at is not None,
        active=active,
        now=now,
    )


def view(row: Hold, *, replayed: bool = False) -> Held:
    amounts: Counter[str] = Counter()
    captured: Counter[str] = Counter()
    for unit, amount, used in row.portions.values_list("unit", "amount", "captured"):
        amounts[unit] += amount
        captured[unit] += used
    return Held(row.pk, holds.State(row.state), dict(amounts), +captured, row.until, replayed)
