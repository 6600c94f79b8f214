"""A plan as plain data and back, so that an act can wait for a person and be posted as it was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, get_args

from loyalty_plugin.domain.intents import Intent, Plan
from loyalty_plugin.domain.ledger import Account, Kind, Shortfall
from loyalty_plugin.errors import InvalidInput

_INTENTS: Final[dict[str, type[Any]]] = {kind.__name__: kind for kind in get_args(Intent)}
_INSTANTS: Final = frozenset({"occurred_at", "active_until", "matures_at", "expires_at"})
_BYTES: Final = frozenset({"digest", "note_digest"})
_ENUMS: Final[dict[str, type[StrEnum]]] = {
    "kind": Kind,
    "source": Account,
    "to": Account,
    "shortfall": Shortfall,
}


def _out(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_out(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: _out(getattr(value, field.name)) for field in fields(value)}
        return {"intent": type(value).__name__, **plain}
    return value


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-able data."""
    data: dict[str, Any] = _out(plan)
    del data["intent"]
    return data


def _intent(data: Mapping[str, Any]) -> Any:
    values = dict(data)
    kind = _INTENTS.get(values.pop("intent", ""))
    if kind is None:
        raise InvalidInput(intent=data.get("intent"))
    for name, value in values.items():
        if value is None:
            continue
        if name in _INSTANTS:
            values[name] = datetime.fromisoformat(value)
        elif name in _ENUMS:
            values[name] = _ENUMS[name](value)
        elif name in ("lots", "portions"):
            values[name] = tuple(tuple(v) if isinstance(v, list) else v for v in value)
    return kind(**values)


def plan_from(data: Mapping[str, Any], *, source: str) -> Plan:
    """The plan that was stored, now posted by the right of `source`. Raises InvalidInput."""
    values = dict(data)
    values["intents"] = tuple(_intent(item) for item in values["intents"])
    values["kind"] = Kind(values["kind"])
    for name in _INSTANTS & values.keys():
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    for name in _BYTES:
        if values[name] is not None:
            values[name] = bytes.fromhex(values[name])
    return replace(Plan(**values), source=source)
