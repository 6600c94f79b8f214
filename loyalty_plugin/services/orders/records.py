"""Our rows of orders: made where missing, locked in one order, written back in one statement; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.services.orders.shops import Shop
from loyalty_plugin.services.posting.arrays import integers, json_text, moments, texts, words
from loyalty_plugin.services.posting.cursors import execute, rows


@dataclass(slots=True)
class Record:
    """Our row of one order under lock, as `models.orders.OrderRecord` describes it; made many times quicker."""

    id: int
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
    #: What was last read of the order; only ever written.
    fact: dict[str, Any] = field(default_factory=dict)


_READ: Final = [name for name in Record.__slots__ if name != "fact"]
#: Columns written back, with the type of their array.
_COLUMNS: Final = {
    "id": "bigint",
    "revision": "bigint",
    "programme_id": "bigint",
    "member_id": "bigint",
    "version_id": "bigint",
    "earn_entry": "bigint",
    "counted": "bigint",
    "points": "bigint",
    "qualifying": "bigint",
    "first_counted": "bigint",
    "first_points": "bigint",
    "first_qualifying": "bigint",
    "first_paid": "bigint",
    "fact_updated_at": "timestamptz",
    "paid_at": "timestamptz",
    "window_ends_at": "timestamptz",
    "past": "boolean",
    "number": "text",
    "contact": "text",
    "outcome": "text",
    "fact": "jsonb",
}
# What has been there is left alone here, and locked by the second statement.
_CREATE: Final = """
INSERT INTO loyalty_plugin_orderrecord (realm_id, order_id, created_at, revision, fact, number, contact, outcome,
       past, counted, points, qualifying, first_counted, first_points, first_qualifying, first_paid)
SELECT n.realm_id, n.order_id, n.created_at, 0, '{}', '', '', '', false, 0, 0, 0, 0, 0, 0, 0
  FROM unnest($1::bigint[], $2::text[], $3::timestamptz[]) AS n(realm_id, order_id, created_at)
 ORDER BY n.realm_id, n.order_id
    ON CONFLICT DO NOTHING
RETURNING id, realm_id, order_id
"""
_LOCK: Final = f"""
SELECT {", ".join(f"r.{name}" for name in _READ)}
  FROM loyalty_plugin_orderrecord r
  JOIN unnest($1::bigint[], $2::text[]) AS n(realm_id, order_id)
    ON r.realm_id = n.realm_id AND r.order_id = n.order_id
 ORDER BY r.realm_id, r.order_id
   FOR UPDATE OF r
"""
_SAVE: Final = "UPDATE loyalty_plugin_orderrecord r SET {sets} FROM unnest({arrays}) AS n({names}) WHERE r.id = n.id".format(
    sets=", ".join(f"{name} = n.{name}" for name in _COLUMNS if name != "id"),
    arrays=", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_COLUMNS.values(), 1)),
    names=", ".join(_COLUMNS),
)


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
    """Our rows of these orders (each once) under lock, by reference, made where missing; taken in one order."""
    known = [(shops[fact.realm].pk, fact) for fact in facts if fact.realm in shops]
    if not known:
        return {}
    made = rows(
        _CREATE,
        [
            integers(realm_id for realm_id, _ in known),
            texts([fact.order_id for _, fact in known]),
            moments(fact.created_at for _, fact in known),
        ],
    )
    found = [Record(*row) for row in made]
    if len(found) < len(known):
        ours = {(record.realm_id, record.order_id) for record in found}
        others = [
            (realm_id, fact.order_id) for realm_id, fact in known if (realm_id, fact.order_id) not in ours
        ]
        wanted = [integers(realm_id for realm_id, _ in others), texts([order_id for _, order_id in others])]
        found += [Record(*row) for row in rows(_LOCK, wanted)]
    urls = {shop.pk: url for url, shop in shops.items()}
    return {f"{urls[record.realm_id]}|{record.order_id}": record for record in found}


def save_records(records: Sequence[Record]) -> None:
    """Write rows back that this transaction holds the locks of."""
    if not records:
        return
    columns = []
    for name, kind in _COLUMNS.items():
        values = [getattr(record, name) for record in records]
        match kind:
            case "boolean":
                columns.append(words("true" if value else "false" for value in values))
            case "bigint":
                columns.append(integers(values))
            case "timestamptz":
                columns.append(moments(values))
            case "jsonb":
                columns.append(texts([json_text(value) for value in values]))
            case _:
                columns.append(texts(values))
    execute(_SAVE, columns)
