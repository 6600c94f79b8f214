"""Our rows of orders: made where missing, locked in one order, written back in one statement; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services.posting.arrays import instants, integers, texts
from loyalty_plugin.services.posting.cursors import cursor

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
    "number": "text",
    "outcome": "text",
    "fact": "jsonb",
}
# Written out once: Django's bulk_update would build a CASE of every row for every column.
_SAVE: Final = "UPDATE loyalty_plugin_orderrecord r SET {sets} FROM unnest({arrays}) AS n({names}) WHERE r.id = n.id".format(
    sets=", ".join(f"{name} = n.{name}" for name in _COLUMNS if name != "id"),
    arrays=", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_COLUMNS.values(), 1)),
    names=", ".join(_COLUMNS),
)


def lock_records(facts: Sequence[OrderFact], realms: Mapping[str, Realm]) -> dict[str, OrderRecord]:
    """Our rows of these orders under lock, by reference, made where missing; taken in one order."""
    known = [fact for fact in facts if fact.realm in realms]
    OrderRecord.objects.bulk_create(
        [
            OrderRecord(realm=realms[fact.realm], order_id=fact.order_id, created_at=fact.created_at)
            for fact in known
        ],
        ignore_conflicts=True,
    )
    rows = (
        OrderRecord.objects.select_for_update()
        .filter(realm__in=realms.values(), order_id__in=[fact.order_id for fact in known])
        .order_by("realm_id", "order_id")
    )
    urls = {realm.pk: url for url, realm in realms.items()}
    return {f"{urls[row.realm_id]}|{row.order_id}": row for row in rows}


def remember_guests(records: Sequence[OrderRecord]) -> None:
    """Keep by which contact guests' orders may be claimed. Not among the columns above: orders of members have none."""
    if records:
        OrderRecord.objects.bulk_update(records, ["contact"])


def save_records(records: Sequence[OrderRecord]) -> None:
    """Write rows back that this transaction holds the locks of."""
    if not records:
        return
    columns = []
    for name, kind in _COLUMNS.items():
        values = [getattr(record, name) for record in records]
        match kind:
            case "bigint":
                columns.append(integers(values))
            case "timestamptz":
                columns.append(instants(values))
            case "jsonb":
                columns.append(texts([json.dumps(value) for value in values]))
            case _:
                columns.append(texts(values))
    with cursor() as run:
        run.execute(_SAVE, columns)
