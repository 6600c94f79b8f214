"""Keeps each member's tier in step with facts, grants, versions and the day; the judging itself is the domain's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.domain.tiers.standing import Standing
from loyalty_plugin.errors import DateOutOfRange, InvalidInput
from loyalty_plugin.models.members import Member, TierEvent, TierFact, TierGrant
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.tiers import history_of, judge, tier_versions
from loyalty_plugin.services import audit
from loyalty_plugin.signals import announce, tier_changed

_FIELDS: Final = ("tier", "tier_since", "tier_until", "tier_due")


def add_facts(facts: Iterable[tuple[int, QualifyingFact]]) -> None:
    """Store what counts, by member id; the same thing (its `ref`, metric and product) counts once."""
    TierFact.objects.bulk_create(
        [
            TierFact(
                member_id=member_id,
                day=fact.day,
                known_on=fact.known_on,
                metric=fact.metric.value,
                amount=fact.amount,
                product_id=fact.product_id,
                ref=f"{fact.ref}|{fact.metric.value}|{fact.product_id}".rstrip("|"),
            )
            for member_id, fact in facts
        ],
        ignore_conflicts=True,
    )


def recompute(members: Sequence[Member], *, now: datetime) -> list[TierEvent]:
    """Judge these members of one programme as of now; the events that are new. Five queries, however many.

    The members must be locked or about to be written by this transaction alone.
    """
    if not members:
        return []
    versions = versions_of(members[0].programme_id)
    ready = tier_versions(versions)
    zone = versions.all[0].zone
    today = local_day(now, zone)
    ids = [member.pk for member in members]
    ranks = ready[-1].ranks
    history = history_of(ids, today)
    changed: list[Member] = []
    events: list[TierEvent] = []
    for member in members:
        found = judge(member, history, ready, versions.all[0], today)
        due = min(filter(None, (found.next_due, history.future.get(member.pk))), default=None)
        rows = _as_rows(member, found, now)
        told = {(row.kind, row.tier) for row in rows if row.day >= (member.tier_since or today)}
        fell = ranks.get(member.tier, -1) > ranks.get(found.tier, -1)
        if fell and ("left", member.tier) not in told:
            rows.append(_same_day(member, found, today, now))
        fresh = (found.tier, found.since, found.until, due)
        if fresh != tuple(getattr(member, name) for name in _FIELDS):
            for name, value in zip(_FIELDS, fresh, strict=True):
                setattr(member, name, value)
            changed.append(member)
        events.extend(rows)
    if changed:
        Member.objects.bulk_update(changed, _FIELDS)
    return _add_events(events, ids)


def _as_rows(member: Member, found: Standing, now: datetime) -> list[TierEvent]:
    return [
        TierEvent(
            member=member,
            day=event.day,
            kind=event.kind,
            tier=event.tier,
            reason={"code": event.reason, "other": event.other},
            recorded_at=now,
        )
        for event in found.events
    ]


def _same_day(member: Member, found: Standing, today: date, now: datetime) -> TierEvent:
    """A tier that was reached and undone on one day: the day's end knows nothing of it, but it was told."""
    return TierEvent(
        member=member,
        day=today,
        kind="left",
        tier=member.tier,
        reason={"code": "undone", "other": found.tier},
        recorded_at=now,
    )


def _add_events(events: list[TierEvent], ids: Sequence[int]) -> list[TierEvent]:
    known = set(TierEvent.objects.filter(member_id__in=ids).values_list("member_id", "day", "kind", "tier"))
    new = [e for e in events if (e.member_id, e.day, e.kind, e.tier) not in known]
    if new:
        TierEvent.objects.bulk_create(new, ignore_conflicts=True)
        for event in new:
            announce(tier_changed, member_id=event.member_id, day=event.day, kind=event.kind, tier=event.tier)
    return new


def recompute_due(*, now: datetime, limit: int = 1000) -> int:
    """Judge members whose standing can change by today, at most `limit` of one programme; how many it were."""
    for programme_id, timezone in Programme.objects.order_by("pk").values_list("pk", "timezone"):
        with transaction.atomic():
            members = list(
                Member.objects.select_for_update(skip_locked=True, no_key=True)
                .filter(programme_id=programme_id, tier_due__lte=local_day(now, ZoneInfo(timezone)))
                .order_by("tier_due", "pk")[:limit]
            )
            if members:
                recompute(members, now=now)
                return len(members)
    return 0


def grant(
    actor: Actor,
    *,
    member_id: int,
    tier: str,
    from_day: date,
    until_day: date | None,
    source: str,
    now: datetime,
) -> TierGrant:
    """Give a tier for a time, on top of what is earned. Raises InvalidInput, DateOutOfRange, PermissionDenied."""
    require(actor, Operation.GRANT_TIERS)
    if until_day is not None and until_day < from_day:
        raise DateOutOfRange(from_day=from_day.isoformat(), until_day=until_day.isoformat())
    with transaction.atomic():
        member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
        if tier not in versions_of(member.programme_id).at(now).document.tier_codes:
            raise InvalidInput(tier=tier)
        row = TierGrant.objects.create(
            member=member, tier=tier, from_day=from_day, until_day=until_day, source=source, created_at=now
        )
        recompute([member], now=now)
        audit.record(
            actor,
            "tier.grant",
            f"member:{member_id}",
            "done",
            now=now,
            detail={"tier": tier, "from": from_day.isoformat(), "until": until_day and until_day.isoformat()},
        )
        return row
