"""Our rows of orders: locked in one order, written back or made in one statement each; decides nothing.

A new order's row is made once, when all is known of it: made first and changed after, each order would leave a
dead row behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.cursors import execute, rows
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.services.orders.shops import Shop
from loyalty_plugin.services.posting.arrays import (
    composites,
    instant,
    integers,
    json_text,
    number,
    text,
    texts,
)


@dataclass(slots=True)
class Record:
    """Our row of one order, as `models.orders.OrderRecord` describes it; made many times quicker."""

    #: None: there is no row yet.
    id: int | None
    realm_id: int
    order_id: str
    revision: int = 0
    programme_id: int | None = None
    member_id: int | None = None
    version_id: int | None = None
    earn_entry: int | None = None
    counted: int = 0
    points: int = 0
    qualifying: int = 0
    first_counted: int = 0
    first_points: int = 0
    first_qualifying: int = 0
    first_paid: int = 0
    fact_updated_at: datetime | None = None
    paid_at: datetime | None = None
    window_ends_at: datetime | None = None
    matured_at: datetime | None = None
    past: bool = False
    #: Money paid by hand that a second person confirmed; written by the decision alone.
    vouched: int = 0
    number: str = ""
    contact: str = ""
    outcome: str = ""
    #: What was last read of the order; only ever written, as is when the shop made it.
    fact: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


class Overtaken(Exception):
    """Another transaction made the row of one of these orders meanwhile: begin anew, and find it."""


_READ: Final = [name for name in Record.__slots__ if name not in ("created_at", "fact")]
#: What a row is told by, in the order of its fields in the type `loyalty_order`.
_FIXED: Final = ("id", "realm_id", "order_id", "created_at")
_WRITTEN: Final = (
    "revision",
    "programme_id",
    "member_id",
    "version_id",
    "earn_entry",
    "counted",
    "points",
    "qualifying",
    "first_counted",
    "first_points",
    "first_qualifying",
    "first_paid",
    "fact_updated_at",
    "paid_at",
    "window_ends_at",
    "past",
    "number",
    "contact",
    "outcome",
    "fact",
)
_OF_ORDERS: Final = """
  FROM loyalty_plugin_orderrecord r
  JOIN unnest((SELECT $1::bigint[]), (SELECT $2::text[])) AS n(realm_id, order_id)
    ON r.realm_id = n.realm_id AND r.order_id = n.order_id
"""
_LOCK: Final = f"""
SELECT {", ".join(f"r.{name}" for name in _READ)} {_OF_ORDERS} ORDER BY r.realm_id, r.order_id FOR UPDATE OF r
"""
_ANY: Final = f"SELECT 1 {_OF_ORDERS} LIMIT 1"
_MAKE: Final = f"""
INSERT INTO loyalty_plugin_orderrecord ({", ".join((*_FIXED[1:], *_WRITTEN))})
SELECT {", ".join((*_FIXED[1:], *_WRITTEN))} FROM unnest((SELECT $1::loyalty_order[])) AS n
 ORDER BY n.realm_id, n.order_id
    ON CONFLICT DO NOTHING
"""
_CHANGE: Final = f"""
UPDATE loyalty_plugin_orderrecord r SET {", ".join(f"{name} = n.{name}" for name in _WRITTEN)}
  FROM unnest((SELECT $1::loyalty_order[])) AS n WHERE r.id = n.id
"""


def summary(fact: OrderFact) -> dict[str, Any]:
    """What a row keeps of what was read last, to be compared with what is read next. Amounts in minor units."""
    return {
        "channel": fact.channel,
        "total": fact.total_gross,
        "charged": fact.charged,
        "refunded": fact.refunded,
        "currency": fact.currency,
        "status": fact.status,
    }


def lock_records(facts: Sequence[OrderFact], shops: Mapping[str, Shop]) -> dict[str, Record]:
    """Our rows of these orders (each once) by reference: those there are under lock, taken in one order, and new ones."""
    records = {
        fact.ref: Record(None, shops[fact.realm].pk, fact.order_id, created_at=fact.created_at)
        for fact in facts
        if fact.realm in shops
    }
    urls = {shop.pk: url for url, shop in shops.items()}
    for row in rows(_LOCK, _names(records.values())) if records else ():
        known = Record(*row)
        records[f"{urls[known.realm_id]}|{known.order_id}"] = known
    return records


def check_new(records: Iterable[Record]) -> None:
    """Make sure, once their members are locked, that new rows are still new; locks nothing. Raises Overtaken.

    Whoever applies the same order locks the same member, so this is where one usually has waited for the other.
    """
    new = [record for record in records if record.id is None]
    if new and rows(_ANY, _names(new)):
        raise Overtaken


def _names(records: Collection[Record]) -> list[str]:
    return [integers(one.realm_id for one in records), texts([one.order_id for one in records])]


def save_records(records: Sequence[Record]) -> None:
    """Write the rows: of those there were we hold the locks, new ones are made. Raises Overtaken.

    To be the last thing a transaction does: whoever holds a new row then waits for nothing more.
    """
    changed = [_row(record) for record in records if record.id is not None]
    new = [_row(record) for record in records if record.id is None]
    if changed:
        execute(_CHANGE, [composites(changed)])
    if new and execute(_MAKE, [composites(new)]) < len(new):
        raise Overtaken


def _row(record: Record) -> str:
    return (
        f"{number(record.id)},{record.realm_id},{text(record.order_id)},{instant(record.created_at)},"
        f"{record.revision},{number(record.programme_id)},{number(record.member_id)},{number(record.version_id)},"
        f"{number(record.earn_entry)},{record.counted},{record.points},{record.qualifying},{record.first_counted},"
        f"{record.first_points},{record.first_qualifying},{record.first_paid},{instant(record.fact_updated_at)},"
        f"{instant(record.paid_at)},{instant(record.window_ends_at)},{'t' if record.past else 'f'},"
        f"{text(record.number)},{text(record.contact)},{text(record.outcome)},{text(json_text(record.fact))}"
    )
