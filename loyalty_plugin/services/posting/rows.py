"""The rows that come out of a batch, and how they are written as the parameters of one statement; sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import Lot, NewLot, Posting
from loyalty_plugin.services.posting.arrays import composites, instant, json_text, number, text
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
    """Arrays of entries, lots, postings, what is left of older lots, and balances."""
    left = {lot_id: locked.books[member].lots[lot_id] for member, lot_id in written.changed_lots}
    opened = {lot.id for _, _, lot in written.lots}
    return [
        *_new(written, left),
        _left([lot for lot_id, lot in sorted(left.items()) if lot_id not in opened]),
        _balances(written, locked),
    ]


def additions(written: Written, locked: Locked) -> list[str]:
    """Arrays of entries, lots, postings, and what is added to balances."""
    left = {lot_id: locked.books[member].lots[lot_id] for member, lot_id in written.changed_lots}
    return [*_new(written, left), _balances(written, locked)]


def _new(written: Written, left: dict[int, Lot]) -> list[str]:
    return [
        composites([_entry(entry_id, plan) for entry_id, plan in written.entries]),
        composites([_lot(member, entry_id, lot, left[lot.id]) for member, entry_id, lot in written.lots]),
        composites([_posting(*row) for row in written.postings]),
    ]


def _entry(entry_id: int, plan: Plan) -> str:
    explanation = None if plan.explanation is None else json_text(plan.explanation)
    return (
        f"{entry_id},{text(plan.key)},{_bytes(plan.digest)},{plan.kind},{plan.programme_id},{plan.version_id},"
        f"{plan.member_id},{plan.occurred_at.isoformat()},{text(plan.channel)},{text(plan.issuing_shop)},"
        f"{text(plan.acting_shop)},{text(plan.order_ref)},{number(plan.reverses_id)},{text(plan.batch)},"
        f"{text(plan.actor)},{text(plan.source)},{_bytes(plan.note_digest)},{instant(plan.active_until)},"
        f"{text(explanation)}"
    )


def _lot(member: int, entry_id: int, lot: NewLot, now: Lot) -> str:
    return (
        f"{lot.id},{member},{text(lot.unit)},{entry_id},{number(lot.origin_lot)},{lot.amount},"
        f"{instant(lot.matures_at)},{instant(lot.expires_at)},{'t' if lot.needs_verification else 'f'},"
        f"{now.pending},{now.available},{now.held}"
    )


def _posting(entry_id: int, position: int, member: int, posting: Posting) -> str:
    return (
        f"{entry_id},{position},{member},{text(posting.unit)},{posting.source},{posting.destination},"
        f"{posting.amount},{number(posting.source_lot)},{number(posting.destination_lot)}"
    )


def _left(lots: Sequence[Lot]) -> str:
    return composites([f"{lot.id},{lot.pending},{lot.available},{lot.held}" for lot in lots])


def _balances(written: Written, locked: Locked) -> str:
    return composites(_balance(key, locked, written.active.get(key)) for key in sorted(written.touched))


def _balance(key: MemberUnit, locked: Locked, active_until: datetime | None) -> str:
    member, unit = key
    now = locked.books[member].balance(unit)
    return (
        f"{member},{text(unit)},{now.pending},{now.available},{now.held},{now.owed},{now.earned},"
        f"{instant(active_until)}"
    )


def _bytes(value: bytes | None) -> str:
    return "" if value is None else f'"\\\\x{value.hex()}"'
