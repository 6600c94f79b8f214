"""Posts many plans at once, in few statements: settles them against the locked books, inserts what comes out.

One plan is a list of one, so the bulk path and the single path are the same code. It decides nothing and
announces nothing but what it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import psycopg
from django.db import IntegrityError, transaction

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import Lot, NewLot, Posting
from loyalty_plugin.domain.settlement import settle
from loyalty_plugin.errors import AwardNeedsApproval, KeyConflict, LoyaltyError, UnknownProgramme
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.arrays import digests, flags, instants, integers, texts
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
                texts([plan.key for plan in plans]),
                len(plans),
                sum(plan.opens for plan in plans),
                integers({plan.programme_id for plan in plans}),
            ],
        )
        row = run.fetchone()
    assert row is not None
    known, entry_ids, lot_ids, ceilings, cluster, _ = row
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


def _write(written: _Written, locked: Locked, recorded_at: datetime, cluster: int) -> None:
    """Everything in one statement: entries, lots, postings, what is left of older lots, balances."""
    left = {lot_id: locked.books[member].lots[lot_id] for member, lot_id in written.changed_lots}
    opened = {lot.id for _, _, lot in written.lots}
    parameters: list[datetime | int | str] = [
        recorded_at,
        cluster,
        *_entry_columns(written),
        *_lot_columns(written, left),
        *_posting_columns(written),
        *_left_columns([lot for lot_id, lot in sorted(left.items()) if lot_id not in opened]),
        *_balance_columns(written, locked),
    ]
    try:
        with cursor() as run:
            run.execute(sql.WRITE, parameters)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.errors.UniqueViolation) and cause.diag.constraint_name == "lp_entry_key":
            # Another member's plan with this key, posted at the same time: locks don't show it to each other.
            raise KeyConflict(detail=cause.diag.message_detail) from error
        raise


def _entry_columns(written: _Written) -> list[str]:
    plans = [plan for _, plan in written.entries]
    explanations = [plan.explanation for plan in plans]
    return [
        integers(entry_id for entry_id, _ in written.entries),
        texts([plan.key for plan in plans]),
        digests(plan.digest for plan in plans),
        texts([plan.kind.value for plan in plans]),
        integers(plan.programme_id for plan in plans),
        integers(plan.version_id for plan in plans),
        integers(plan.member_id for plan in plans),
        instants(plan.occurred_at for plan in plans),
        texts([plan.channel for plan in plans]),
        texts([plan.issuing_shop for plan in plans]),
        texts([plan.acting_shop for plan in plans]),
        texts([plan.order_ref for plan in plans]),
        integers(plan.reverses_id for plan in plans),
        texts([plan.batch for plan in plans]),
        texts([plan.actor for plan in plans]),
        texts([plan.source for plan in plans]),
        digests(plan.note_digest for plan in plans),
        instants(plan.active_until for plan in plans),
        texts([None if data is None else json.dumps(data) for data in explanations]),
    ]


def _lot_columns(written: _Written, left: Mapping[int, Lot]) -> list[str]:
    lots = [lot for _, _, lot in written.lots]
    now = [left[lot.id] for lot in lots]
    return [
        integers(lot.id for lot in lots),
        integers(member for member, _, _ in written.lots),
        texts([lot.unit for lot in lots]),
        integers(entry_id for _, entry_id, _ in written.lots),
        integers(lot.origin_lot for lot in lots),
        integers(lot.amount for lot in lots),
        instants(lot.matures_at for lot in lots),
        instants(lot.expires_at for lot in lots),
        flags(lot.needs_verification for lot in lots),
        integers(lot.pending for lot in now),
        integers(lot.available for lot in now),
        integers(lot.held for lot in now),
    ]


def _posting_columns(written: _Written) -> list[str]:
    postings = [posting for _, _, _, posting in written.postings]
    return [
        integers(entry_id for entry_id, _, _, _ in written.postings),
        integers(position for _, position, _, _ in written.postings),
        integers(member for _, _, member, _ in written.postings),
        texts([posting.unit for posting in postings]),
        texts([posting.source.value for posting in postings]),
        texts([posting.destination.value for posting in postings]),
        integers(posting.amount for posting in postings),
        integers(posting.source_lot for posting in postings),
        integers(posting.destination_lot for posting in postings),
    ]


def _left_columns(lots: Sequence[Lot]) -> list[str]:
    return [
        integers(lot.id for lot in lots),
        integers(lot.pending for lot in lots),
        integers(lot.available for lot in lots),
        integers(lot.held for lot in lots),
    ]


def _balance_columns(written: _Written, locked: Locked) -> list[str]:
    keys = sorted(written.touched)
    balances = [locked.books[member].balance(unit) for member, unit in keys]
    return [
        integers(member for member, _ in keys),
        texts([unit for _, unit in keys]),
        integers(balance.pending for balance in balances),
        integers(balance.available for balance in balances),
        integers(balance.held for balance in balances),
        integers(balance.owed for balance in balances),
        integers(balance.earned for balance in balances),
        instants(written.active.get(key) for key in keys),
    ]
