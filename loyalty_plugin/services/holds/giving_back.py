"""Gives back what a captured hold used, to the lots it was taken from; never more than it used, each part once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from loyalty_plugin.domain import holds, spent
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.domain.lots import Inactivity
from loyalty_plugin.errors import HoldEnded
from loyalty_plugin.models.holds import Hold, HoldPortion
from loyalty_plugin.policies import require_system
from loyalty_plugin.queries.holds import used_portions_of
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.spent import with_terms
from loyalty_plugin.services import posting
from loyalty_plugin.services.holds.parts import bring_up_to_date, locked_hold, plan_of
from loyalty_plugin.services.realms import require_spending


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What came back by unit, and the entry it was posted as."""

    hold_id: int
    entry_id: int
    amounts: Mapping[str, int]
    replayed: bool = False


def portions_used(hold_id: int) -> dict[str, int]:
    """By unit, what a hold used and has not given back."""
    found: Counter[str] = Counter()
    for one in used_portions_of(hold_id):
        found[one.unit] += one.amount
    return dict(found)


def give_back(
    actor: Actor, *, hold_id: int, key: str, amounts: Mapping[str, int], now: datetime, order_ref: str = ""
) -> GivenBack:
    """Return these amounts by unit to the lots they were taken from, last taken first, under a key of the hold's own.

    A lot that ended meanwhile is followed by one with the version's grace, once; what was given such grace before has
    expired. What the member owes is repaid first. The version is the one by which it was reserved.
    Raises PermissionDenied, NotFound, HoldEnded (it was not captured), HoldExceeded, InvalidAmount, KeyConflict,
    SpendingHeld.
    """
    require_system(actor)
    digest = input_digest({"give_back": dict(sorted(amounts.items())), "order": order_ref})
    with transaction.atomic():
        row, member = locked_hold(hold_id)
        if row.state != Hold.State.CAPTURED:
            raise HoldEnded(hold=hold_id, state=row.state)
        require_spending(row.realm_id)
        version = versions_of(member.programme_id).at(row.placed_at)
        name = f"{row.key}|back|{key}"
        known = posting.replay_of(
            plan_of(actor, member, version, Kind.GIVE_BACK, name, digest, (), row.channel, now=now)
        )
        if known is not None:
            return GivenBack(hold_id, known, dict(amounts), replayed=True)
        taken, _ = holds.divide(used_portions_of(hold_id), amounts)
        until = spent.grace_until(version.document.returned_days, now, version.zone)
        intents = spent.giving_back(with_terms(taken), until=until, now=now)
        locked = posting.lock({(member.pk, one.unit) for one in taken})
        plan = plan_of(
            actor,
            member,
            version,
            Kind.GIVE_BACK,
            name,
            digest,
            intents,
            row.channel,
            now=now,
            order_ref=order_ref,
            hold_id=hold_id,
        )
        if isinstance(version.document.expiry, Inactivity) and (member.pk, POINTS) in locked.units:
            # Points that end by inactivity have no last day of their own that could have passed.
            plan = replace(plan, active_until=until)
        [posted] = posting.post([plan], recorded_at=now, locked=locked)
        bring_up_to_date(member, locked, now)
        for one in taken:
            HoldPortion.objects.filter(hold_id=hold_id, lot_id=one.lot).update(
                returned=F("returned") + one.amount
            )
        assert posted.entry_id is not None
        return GivenBack(hold_id, posted.entry_id, dict(amounts))
