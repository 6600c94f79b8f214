"""Writes what is known of a Saleor's standing: gaps in what we heard, and whether value may be spent; calls nobody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import InvalidInput, NotFound, SpendingHeld
from loyalty_plugin.models.realms import Gap, Held, Mode, Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.realms import spending_held
from loyalty_plugin.services import audit


def note_gap(realm_id: int, reason: Gap, *, since: datetime) -> None:
    """Events may be missing from then on; the earliest gap stays until it is reconciled."""
    Realm.objects.filter(Q(gap_since=None) | Q(gap_since__gt=since), pk=realm_id).update(
        gap_since=since, gap_reason=reason
    )


def hold_spending(realm_id: int, why: Held, *, since: datetime, now: datetime) -> bool:
    """Let nothing be spent in this realm until it is reconciled; whether it was not held before.

    `since` is the last instant at which both sides were known to agree.
    """
    held = Realm.objects.filter(pk=realm_id, held="").update(held=why, held_since=now)
    note_gap(realm_id, Gap.RESTORED, since=since)
    return bool(held)


def require_spending(realm_id: int) -> None:
    """Pass, or raise SpendingHeld: to be asked before anything of value is spent. Two short queries."""
    if why := spending_held(realm_id):
        raise SpendingHeld(realm=realm_id, reason=why)


def mark_reconciled(
    actor: Actor, *, realm_id: int, through: datetime, now: datetime, whole: bool = True
) -> None:
    """Everything that happened in this realm up to `through` is in our books: gaps close, spending goes on.

    Not `whole`: something differs that nobody could heal, so that what was held stays held. A gap that began later
    stays. Raises NotFound, PermissionDenied.
    """
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        realm = Realm.objects.select_for_update().filter(pk=realm_id).first()
        if realm is None:
            raise NotFound(realm=realm_id)
        before = {"held": realm.held, "gap": realm.gap_reason}
        realm.reconciled_at = through
        if realm.gap_since is not None and realm.gap_since <= through:
            realm.gap_since, realm.gap_reason = None, ""
        if whole and realm.held_since is not None and realm.held_since <= through:
            # What is written down at Saleor belongs to the books that are gone: begin anew.
            realm.held, realm.held_since, realm.cluster, realm.anchor = "", None, None, {"anew": True}
        realm.save(
            update_fields=[
                "reconciled_at",
                "gap_since",
                "gap_reason",
                "held",
                "held_since",
                "cluster",
                "anchor",
            ]
        )
        audit.record(actor, "realm.reconciled", f"realm:{realm_id}", "done", now=now, detail=before)


def accept_keys(actor: Actor, *, realm_id: int, now: datetime) -> None:
    """Somebody has seen that this Saleor signs with other keys. Raises PermissionDenied."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        if Realm.objects.filter(pk=realm_id, keys_changed_at__isnull=False).update(keys_changed_at=None):
            audit.record(actor, "realm.keys_accepted", f"realm:{realm_id}", "done", now=now)


def set_mode(actor: Actor, *, realm_id: int, mode: str, now: datetime) -> None:
    """How member prices are guarded there from now on. Raises InvalidInput, NotFound, PermissionDenied."""
    require(actor, Operation.PUBLISH_PROGRAMME)
    if mode not in Mode.values:
        raise InvalidInput("no such mode", mode=mode)
    with transaction.atomic():
        realm = Realm.objects.select_for_update().filter(pk=realm_id).first()
        if realm is None:
            raise NotFound(realm=realm_id)
        if realm.mode != mode:
            detail = {"from": realm.mode, "to": mode}
            realm.mode = mode
            realm.save(update_fields=["mode"])
            audit.record(actor, "realm.mode", f"realm:{realm_id}", "done", now=now, detail=detail)


def set_live(actor: Actor, *, realm_id: int, live: bool, now: datetime) -> None:
    """Whether what this Saleor tells is booked; a staging copy repeats production's ids. Raises PermissionDenied."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        if Realm.objects.filter(pk=realm_id, live=not live).update(live=live):
            target, how = f"realm:{realm_id}", {"live": live}
            audit.record(actor, "realm.live", target, "done", now=now, detail=how)
