"""Keeps each member's tier in step with facts, grants, versions and the day; the judging itself is the domain's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from loyalty_plugin.cursors import execute, rows
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.tiers.changes import TierEvent as Told
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.domain.tiers.standing import Standing
from loyalty_plugin.errors import DateOutOfRange, InvalidInput
from loyalty_plugin.models.members import Member, TierGrant
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import Versions, versions_of
from loyalty_plugin.queries.tiers import Judged, history_of, judge, tier_versions
from loyalty_plugin.services import audit, requoting, runs
from loyalty_plugin.services.lanes import side_by_side
from loyalty_plugin.services.posting.arrays import integers, moments, texts, words
from loyalty_plugin.signals import announce, tier_changed

#: Members judged in one transaction: large enough to be quick, small enough to hold locks shortly.
BATCH: Final = 1_000

_STANDINGS: Final = """
UPDATE loyalty_plugin_member m
   SET tier = n.tier, tier_since = n.since, tier_until = n.until, tier_due = n.due
  FROM unnest($1::bigint[], $2::text[], $3::date[], $4::date[], $5::date[]) AS n(id, tier, since, until, due)
 WHERE m.id = n.id
"""
_FACTS: Final = """
INSERT INTO loyalty_plugin_tierfact (member_id, day, known_on, metric, amount, product_id, ref)
SELECT * FROM unnest($1::bigint[], $2::date[], $3::date[], $4::text[], $5::bigint[], $6::text[], $7::text[])
    ON CONFLICT DO NOTHING
"""
_EVENTS: Final = """
INSERT INTO loyalty_plugin_tierevent (member_id, day, kind, tier, reason, recorded_at)
SELECT n.member_id, n.day, n.kind, n.tier, jsonb_build_object('code', n.code, 'other', n.other), $7::timestamptz
  FROM unnest($1::bigint[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS n(member_id, day, kind, tier, code, other)
    ON CONFLICT DO NOTHING
"""
_KNOWN: Final = """
SELECT member_id, day, kind, tier FROM loyalty_plugin_tierevent WHERE member_id = ANY($1::bigint[])
"""
_LOCKED: Final = """
SELECT id, programme_id, joined_at, tier, tier_since, tier_until, tier_due FROM loyalty_plugin_member
 WHERE id = ANY($1::bigint[]) AND tier_due <= $2 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_DUE: Final = """
SELECT tier_due, id FROM loyalty_plugin_member
 WHERE programme_id = %(programme)s AND tier_due <= %(today)s AND tier_due >= %(day)s
   AND (tier_due, id) > (%(day)s, %(id)s)
 ORDER BY tier_due, id LIMIT %(size)s
"""


class Held(Judged, Protocol):
    """A member with what is stored of their standing, which is set anew."""

    tier: str
    tier_since: date | None
    tier_until: date | None
    tier_due: date | None

    @property
    def programme_id(self) -> int: ...


@dataclass(slots=True)
class _Due:
    """A member's row as far as it is judged: quicker to make than the model."""

    pk: int
    programme_id: int
    joined_at: datetime
    tier: str
    tier_since: date | None
    tier_until: date | None
    tier_due: date | None


def add_facts(facts: Iterable[tuple[int, QualifyingFact]]) -> None:
    """Store what counts, by member id; the same thing (its `ref`, metric and product) counts once."""
    ids, counted = [], []
    for member_id, fact in facts:
        ids.append(member_id)
        counted.append(fact)
    if not ids:
        return
    execute(
        _FACTS,
        [
            integers(ids),
            moments(fact.day for fact in counted),
            moments(fact.known_on for fact in counted),
            words(fact.metric for fact in counted),
            integers(fact.amount for fact in counted),
            texts([fact.product_id for fact in counted]),
            texts([f"{fact.ref}|{fact.metric}|{fact.product_id}".rstrip("|") for fact in counted]),
        ],
    )


def recompute(members: Sequence[Held], *, now: datetime, versions: Versions | None = None) -> None:
    """Judge these members of one programme as of now, and tell what is new. Six queries at most, however many.

    `versions` are the programme's, where the caller has read them.

    The members must be locked or about to be written by this transaction alone.
    """
    if not members:
        return
    versions = versions or versions_of(members[0].programme_id)
    ready = tier_versions(versions)
    zone = versions.all[0].zone
    today = local_day(now, zone)
    ids = [member.pk for member in members]
    ranks = ready[-1].ranks
    history = history_of(ids, today, counting=ready)
    changed: list[Held] = []
    moved: set[int] = set()
    told: list[tuple[int, Told]] = []
    for member in members:
        found = judge(member, history, ready, versions.all[0], today)
        due, future = found.next_due, history.future.get(member.pk)
        if future is not None and (due is None or future < due):
            due = future
        told.extend((member.pk, event) for event in found.events)
        fell = ranks.get(member.tier, -1) > ranks.get(found.tier, -1)
        if fell and not _tells_of_leaving(member, found, today):
            # Reached and undone on one day: the day's end knows nothing of it, but it was told.
            told.append((member.pk, Told(today, "left", member.tier, "undone", found.tier)))
        fresh = (found.tier, found.since, found.until, due)
        if member.tier and member.tier != found.tier:
            moved.add(member.pk)
        if fresh != (member.tier, member.tier_since, member.tier_until, member.tier_due):
            member.tier, member.tier_since, member.tier_until, member.tier_due = fresh
            changed.append(member)
    if changed:
        _write(changed)
    if moved:
        requoting.of_members(moved, since=now)
    _add_events(told, ids, now)


def _tells_of_leaving(member: Held, found: Standing, today: date) -> bool:
    since = member.tier_since or today
    return any(e.kind == "left" and e.tier == member.tier and e.day >= since for e in found.events)


def _write(members: Sequence[Held]) -> None:
    execute(
        _STANDINGS,
        [
            integers(member.pk for member in members),
            texts([member.tier for member in members]),
            moments(member.tier_since for member in members),
            moments(member.tier_until for member in members),
            moments(member.tier_due for member in members),
        ],
    )


def _add_events(told: Sequence[tuple[int, Told]], ids: Sequence[int], now: datetime) -> None:
    known = set(rows(_KNOWN, [integers(ids)]))
    # Told apart before anything is written: most were told long ago.
    new = [
        (member_id, event)
        for member_id, event in told
        if (member_id, event.day, event.kind, event.tier) not in known
    ]
    if not new:
        return
    events = [event for _, event in new]
    execute(
        _EVENTS,
        [
            integers(member_id for member_id, _ in new),
            moments(event.day for event in events),
            words(event.kind for event in events),
            texts([event.tier for event in events]),
            texts([event.reason for event in events]),
            texts([event.other for event in events]),
            now,
        ],
    )
    for member_id, event in new:
        announce(tier_changed, member_id=member_id, day=event.day, kind=event.kind, tier=event.tier)


def recompute_due(*, now: datetime, limit: int | None = None, batch: int = BATCH, lanes: int = 1) -> int:
    """Judge all members whose standing can change by today, or `limit` of them; how many it were.

    Each batch is one transaction, so a crash may come anywhere: what is judged is no longer due.
    """
    done = 0
    with runs.running("tiers") as run:
        for judged in side_by_side(partial(_recompute_due, now), _due(now, limit, batch), lanes):
            done += judged
            run.advance({}, judged)
        run.result = {"done": run.done}
    return done


def _due(now: datetime, limit: int | None, batch: int) -> Iterator[tuple[date, list[int]]]:
    """Who is due, with the programme's day, in batches of one programme; each once."""
    left = limit
    for programme_id, timezone in Programme.objects.order_by("pk").values_list("pk", "timezone"):
        today = local_day(now, ZoneInfo(timezone))
        day, last = date.min, 0
        while left is None or left > 0:
            size = batch if left is None else min(batch, left)
            with connection.cursor() as cursor:
                cursor.execute(
                    _DUE, {"programme": programme_id, "today": today, "day": day, "id": last, "size": size}
                )
                found = cursor.fetchall()
            if not found:
                break
            yield today, [member_id for _, member_id in found]
            day, last = found[-1]
            left = None if left is None else left - len(found)


def _recompute_due(now: datetime, due: tuple[date, list[int]]) -> int:
    today, ids = due
    with transaction.atomic(durable=True):
        # Who is locked is being written, and will be judged, by somebody else.
        members = [_Due(*row) for row in rows(_LOCKED, [integers(ids), today])]
        recompute(members, now=now)
        return len(members)


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
