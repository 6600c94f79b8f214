"""Posts many plans at once, in few statements: settles them against the locked books, inserts what comes out.

One plan is a list of one, so the bulk path and the single path are the same code. It decides nothing and
announces nothing but what it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
from django.db import IntegrityError, transaction

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import NewLot, Posting
from loyalty_plugin.domain.settlement import settle
from loyalty_plugin.errors import AwardNeedsApproval, KeyConflict, LoyaltyError, UnknownProgramme
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.cursors import cursor
from loyalty_plugin.services.posting.locks import Locked, MemberUnit, lock, read_lots
from loyalty_plugin.signals import announce, points_posted

#: A plan whose source begins so was approved by a person; the programme's hard maximum does not apply.
APPROVED = "request:"


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one plan: its entry, or the refusal. `replayed` marks an entry that was there before."""

    key: str
    entry_id: int | None
    replayed: bool = False
    postings: tuple[Posting, ...] = ()
    lots: tuple[NewLot, ...] = ()
    refusal: LoyaltyError | None = None


@dataclass(slots=True)
class _Written:
    entries: list[tuple[int, Plan]] = field(default_factory=list)
    postings: list[tuple[int, int, int, Posting]] = field(default_factory=list)
    lots: list[tuple[int, int, NewLot]] = field(default_factory=list)
    touched: set[MemberUnit] = field(default_factory=set)
    changed_lots: set[tuple[int, int]] = field(default_factory=set)
    active: dict[MemberUnit, datetime] = field(default_factory=dict)


def post(
    plans: Sequence[Plan],
    *,
    recorded_at: datetime,
    locked: Locked | None = None,
    collect: bool = False,
) -> list[Posted]:
    """Post the plans in order, all or none; the results in the same order.

    With `collect`, a plan that is refused is reported in its result instead and the others are posted.
    A plan whose key is known with the same digest gives the first entry, marked replayed.
    Raises KeyConflict (same key, other digest), InsufficientPoints, LotUnavailable, InvalidAmount,
    AwardNeedsApproval, UnknownProgramme.
    """
    if not plans:
        return []
    with transaction.atomic():
        locked = lock({(p.member_id, unit) for p in plans for unit in p.units}, lots=False, into=locked)
        read_lots(locked, {(p.member_id, unit) for p in plans for unit in p.lot_units})
        before = dict(locked.books)
        try:
            return _post(plans, locked, recorded_at, collect)
        except BaseException:
            # What was settled is rolled back; the caller may go on with what it has locked.
            locked.books.clear()
            locked.books.update(before)
            raise


def _post(plans: Sequence[Plan], locked: Locked, recorded_at: datetime, collect: bool) -> list[Posted]:
    known, entry_ids, lot_ids, ceilings, cluster = _prepare(plans)
    written = _Written()
    results = []
    for plan in plans:
        found = known.get(plan.key)
        try:
            if found is not None:
                results.append(_replay(plan, *found))
                continue
            posted = _settle(plan, locked, entry_ids, lot_ids, ceilings, written)
        except LoyaltyError as refusal:
            if not collect:
                raise
            results.append(Posted(plan.key, None, refusal=refusal))
            continue
        known[plan.key] = (entry_ids.pop(), plan.digest)
        results.append(posted)
    if written.entries:
        _write(written, locked, recorded_at, cluster)
        announce(points_posted, entry_ids=[entry_id for entry_id, _ in written.entries])
    return results


def _prepare(
    plans: Sequence[Plan],
) -> tuple[dict[str, tuple[int, bytes]], list[int], list[int], dict[int, int], int]:
    """What is known of the keys, fresh ids, hard maxima, and which cluster this is.

    Runs after the locks in a statement of its own, so that it sees what the former holder committed.
    """
    with cursor() as run:
        run.execute(
            sql.PREPARE,
            [
                [plan.key for plan in plans],
                len(plans),
                sum(plan.opens for plan in plans),
                sorted({plan.programme_id for plan in plans}),
            ],
        )
        row = run.fetchone()
    assert row is not None
    known, entry_ids, lot_ids, ceilings, cluster = row
    return (
        {key: (entry_id, bytes.fromhex(digest)) for entry_id, key, digest in known or ()},
        list(reversed(entry_ids)),
        list(reversed(lot_ids)),
        {int(programme): ceiling for programme, ceiling in (ceilings or {}).items()},
        cluster,
    )


def replay_of(plan: Plan) -> int | None:
    """The entry this plan was posted as before, None if it never was. Raises KeyConflict."""
    known = _prepare([plan])[0].get(plan.key)
    return _replay(plan, *known).entry_id if known else None


def with_note(plan: Plan, digest: bytes | None) -> Plan:
    """The plan with the digest of words kept elsewhere."""
    return replace(plan, note_digest=digest)


def _replay(plan: Plan, entry_id: int, digest: bytes) -> Posted:
    if digest != plan.digest:
        raise KeyConflict(key=plan.key, entry=entry_id)
    return Posted(plan.key, entry_id, replayed=True)


def _settle(
    plan: Plan,
    locked: Locked,
    entry_ids: list[int],
    lot_ids: list[int],
    ceilings: Mapping[int, int],
    written: _Written,
) -> Posted:
    ceiling = ceilings.get(plan.programme_id)
    if ceiling is None:
        raise UnknownProgramme(programme=plan.programme_id)
    if plan.awarded > ceiling and not plan.source.startswith(APPROVED):
        raise AwardNeedsApproval(key=plan.key, amount=plan.awarded, ceiling=ceiling)
    books = locked.books[plan.member_id].copy()
    books.changed_lots.clear()
    fresh = [lot_ids.pop() for _ in range(plan.opens)]
    settled = settle(plan, books, fresh)
    locked.books[plan.member_id] = books

    entry_id = entry_ids[-1]
    written.entries.append((entry_id, plan))
    written.lots.extend((plan.member_id, entry_id, lot) for lot in settled.lots)
    written.postings.extend(
        (entry_id, position, plan.member_id, posting) for position, posting in enumerate(settled.postings)
    )
    written.changed_lots.update((plan.member_id, lot_id) for lot_id in books.changed_lots)
    # Only units that were moved: what is not in the postings can't be rebuilt from them.
    for unit in {posting.unit for posting in settled.postings}:
        key = (plan.member_id, unit)
        written.touched.add(key)
        if plan.active_until is not None:
            written.active[key] = max(plan.active_until, written.active.get(key, plan.active_until))
    return Posted(plan.key, entry_id, postings=settled.postings, lots=settled.lots)


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns


def _write(written: _Written, locked: Locked, recorded_at: datetime, cluster: int) -> None:
    """Everything in one statement: entries, lots, postings, what is left of older lots, balances."""
    new_lots = {lot.id for _, _, lot in written.lots}
    entries = _columns(
        (
            (
                entry_id,
                plan.key,
                plan.digest,
                plan.kind.value,
                plan.programme_id,
                plan.version_id,
                plan.member_id,
                plan.occurred_at,
                plan.channel,
                plan.issuing_shop,
                plan.acting_shop,
                plan.order_ref,
                plan.reverses_id,
                plan.batch,
                plan.actor,
                plan.source,
                plan.note_digest,
                plan.active_until,
                None if plan.explanation is None else json.dumps(plan.explanation),
            )
            for entry_id, plan in written.entries
        ),
        19,
    )
    left = {lot_id: locked.books[member].lots[lot_id] for member, lot_id in written.changed_lots}
    lots = _columns(
        (
            (
                lot.id,
                member,
                lot.unit,
                entry_id,
                lot.origin_lot,
                lot.amount,
                lot.matures_at,
                lot.expires_at,
                lot.needs_verification,
                left[lot.id].pending,
                left[lot.id].available,
                left[lot.id].held,
            )
            for member, entry_id, lot in written.lots
        ),
        12,
    )
    postings = _columns(
        (
            (
                entry_id,
                position,
                member,
                p.unit,
                p.source.value,
                p.destination.value,
                p.amount,
                p.source_lot,
                p.destination_lot,
            )
            for entry_id, position, member, p in written.postings
        ),
        9,
    )
    old_lots = _columns(
        (
            (lot_id, lot.pending, lot.available, lot.held)
            for lot_id, lot in sorted(left.items())
            if lot_id not in new_lots
        ),
        4,
    )
    balances = _columns(
        (
            (
                member,
                unit,
                b.pending,
                b.available,
                b.held,
                b.owed,
                b.earned,
                written.active.get((member, unit)),
            )
            for member, unit in sorted(written.touched)
            for b in (locked.books[member].balance(unit),)
        ),
        8,
    )
    try:
        with cursor() as run:
            run.execute(sql.WRITE, [recorded_at, cluster, *entries, *lots, *postings, *old_lots, *balances])
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.errors.UniqueViolation) and "business_key" in (
            cause.diag.constraint_name or ""
        ):
            # Another member's plan with this key, posted at the same time: locks don't show it to each other.
            raise KeyConflict(detail=cause.diag.message_detail) from error
        raise
