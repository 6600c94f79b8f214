"""The rows that come out of a batch, and how they are laid out as the parameters of one statement; sends nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import Lot, NewLot, Posting
from loyalty_plugin.services.posting.arrays import digests, flags, instants, integers, texts, words
from loyalty_plugin.services.posting.locks import Locked, MemberUnit


@dataclass(slots=True)
class Written:
    """What a batch will insert and change, gathered plan by plan."""

    entries: list[tuple[int, Plan]] = field(default_factory=list)
    postings: list[tuple[int, int, int, Posting]] = field(default_factory=list)
    lots: list[tuple[int, int, NewLot]] = field(default_factory=list)
    touched: set[MemberUnit] = field(default_factory=set)
    changed_lots: set[tuple[int, int]] = field(default_factory=set)
    active: dict[MemberUnit, datetime] = field(default_factory=dict)


def parameters(written: Written, locked: Locked) -> list[str]:
    """The columns of entries, lots, postings, what is left of older lots, and balances."""
    left = {lot_id: locked.books[member].lots[lot_id] for member, lot_id in written.changed_lots}
    opened = {lot.id for _, _, lot in written.lots}
    return [
        *_entry_columns(written),
        *_lot_columns(written, left),
        *_posting_columns(written),
        *_left_columns([lot for lot_id, lot in sorted(left.items()) if lot_id not in opened]),
        *_balance_columns(written, locked),
    ]


def _entry_columns(written: Written) -> list[str]:
    plans = [plan for _, plan in written.entries]
    explanations = [plan.explanation for plan in plans]
    return [
        integers(entry_id for entry_id, _ in written.entries),
        texts([plan.key for plan in plans]),
        digests(plan.digest for plan in plans),
        words([plan.kind for plan in plans]),
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


def _lot_columns(written: Written, left: Mapping[int, Lot]) -> list[str]:
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


def _posting_columns(written: Written) -> list[str]:
    postings = [posting for _, _, _, posting in written.postings]
    return [
        integers(entry_id for entry_id, _, _, _ in written.postings),
        integers(position for _, position, _, _ in written.postings),
        integers(member for _, _, member, _ in written.postings),
        texts([posting.unit for posting in postings]),
        words([posting.source for posting in postings]),
        words([posting.destination for posting in postings]),
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


def _balance_columns(written: Written, locked: Locked) -> list[str]:
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
