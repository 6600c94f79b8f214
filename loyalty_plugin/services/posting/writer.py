"""Posts many plans at once, in few statements: settles them against the locked books, inserts what comes out.

One plan is a list of one, so the bulk path and the single path are the same code. It decides nothing and
announces nothing but what it wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.backends.utils import CursorWrapper

from loyalty_plugin.cursors import cursor, execute, one_round_trip
from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.errors import AwardNeedsApproval, KeyConflict, LoyaltyError, UnknownProgramme
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.adding import add
from loyalty_plugin.services.posting.arrays import integers, texts
from loyalty_plugin.services.posting.locks import (
    Locked,
    ask_for_balances,
    ask_for_lots,
    create_balances,
    take_balances,
    take_lots,
    take_named_lots,
)
from loyalty_plugin.services.posting.rows import Written, parameters
from loyalty_plugin.services.posting.settling import Posted, key_taken, limited, settle_into
from loyalty_plugin.signals import announce, points_posted


class _Prepared(NamedTuple):
    """Entries by key, fresh ids (the next one last), hard maxima by programme, the cluster's identity."""

    known: dict[str, tuple[int, bytes]]
    entry_ids: list[int]
    lot_ids: list[int]
    ceilings: dict[int, int]
    cluster: int


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
    if locked is None and (added := add(plans, recorded_at=recorded_at)) is not None:
        return added
    with transaction.atomic():
        locked = Locked() if locked is None else locked
        prepared = _read(plans, locked)
        before = dict(locked.books)
        try:
            return _post(plans, locked, prepared, recorded_at, collect)
        except BaseException:
            # What was settled is rolled back; the caller may go on with what it has locked.
            locked.books.clear()
            locked.books.update(before)
            raise


def _read(plans: Sequence[Plan], locked: Locked) -> _Prepared:
    """Lock what the plans touch and read what they need, in one round trip unless a balance is missing."""
    balances = sorted({(plan.member_id, unit) for plan in plans for unit in plan.units} - locked.units)
    lots = sorted({(plan.member_id, unit) for plan in plans for unit in plan.lot_units} - locked.with_lots)
    with one_round_trip():
        asked_balances = ask_for_balances(balances) if balances else None
        asked_lots = ask_for_lots(lots) if lots else None
        asked = _ask(plans)
    if asked_balances is not None and not take_balances(locked, balances, asked_balances):
        create_balances(locked, balances)
        # The rest was read without a lock.
        asked_lots = ask_for_lots(lots) if lots else None
        asked = _ask(plans)
    if asked_lots is not None:
        take_lots(locked, lots, asked_lots)
    if named := {lot for plan in plans for lot in plan.named_lots}:
        take_named_lots(locked, named)
    return _prepare(asked)


def _post(
    plans: Sequence[Plan], locked: Locked, prepared: _Prepared, recorded_at: datetime, collect: bool
) -> list[Posted]:
    known, entry_ids, lot_ids, ceilings, cluster = prepared
    written = Written()
    results = []
    for plan in plans:
        found = known.get(plan.key)
        try:
            if found is not None:
                results.append(_replay(plan, *found))
                continue
            _check_ceiling(plan, ceilings)
            posted = settle_into(plan, locked, entry_ids[-1], lot_ids, written)
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


def _ask(plans: Sequence[Plan]) -> CursorWrapper:
    """Send for what is known of the keys, for fresh ids, for hard maxima and for this cluster's identity.

    A statement of its own after the locks, so that it sees what their former holder committed.
    """
    asked = cursor()
    asked.execute(
        sql.PREPARE,
        [
            texts([plan.key for plan in plans]),
            len(plans),
            sum(plan.opens for plan in plans),
            integers({plan.programme_id for plan in plans}),
        ],
    )
    return asked


def _prepare(asked: CursorWrapper) -> _Prepared:
    row = asked.fetchone()
    asked.close()
    assert row is not None
    known, entry_ids, lot_ids, ceilings, cluster, _ = row
    return _Prepared(
        {key: (entry_id, bytes.fromhex(digest)) for entry_id, key, digest in known or ()},
        list(reversed(entry_ids)),
        list(reversed(lot_ids)),
        {int(programme): ceiling for programme, ceiling in (ceilings or {}).items()},
        cluster,
    )


def replay_of(plan: Plan) -> int | None:
    """The entry this plan was posted as before, None if it never was. Raises KeyConflict."""
    known = _prepare(_ask([plan])).known.get(plan.key)
    return _replay(plan, *known).entry_id if known else None


def with_note(plan: Plan, digest: bytes | None) -> Plan:
    """The plan with the digest of words kept elsewhere."""
    return replace(plan, note_digest=digest)


def _replay(plan: Plan, entry_id: int, digest: bytes) -> Posted:
    if digest != plan.digest:
        raise KeyConflict(key=plan.key, entry=entry_id)
    return Posted(plan.key, entry_id, replayed=True)


def _check_ceiling(plan: Plan, ceilings: Mapping[int, int]) -> None:
    ceiling = ceilings.get(plan.programme_id)
    if ceiling is None:
        raise UnknownProgramme(programme=plan.programme_id)
    if limited(plan) > ceiling:
        raise AwardNeedsApproval(key=plan.key, amount=plan.awarded, ceiling=ceiling)


def _write(written: Written, locked: Locked, recorded_at: datetime, cluster: int) -> None:
    """Everything in one statement: entries, lots, postings, what is left of older lots, balances."""
    values: list[datetime | int | str] = [recorded_at, cluster, *parameters(written, locked)]
    try:
        execute(sql.WRITE, values)
    except IntegrityError as error:
        if (detail := key_taken(error)) is not None:
            # Another member's plan with this key, posted at the same time: locks don't show it to each other.
            raise KeyConflict(detail=detail) from error
        raise
