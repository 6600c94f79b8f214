"""Parts an answer that is passed on from what was read beside it for ourselves; changes nothing else in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.shopping import Passed, PlacedOrder
from loyalty_plugin.saleor.payloads.checkouts import checkout_fact
from loyalty_plugin.saleor.payloads.values import id_of

#: The alias of what is read for ourselves, at the root of a query and in a mutation's payload.
OURS: Final = "loyalty"


def passed(realm: str, answer: Mapping[str, Any]) -> Passed:
    """The answer without our part of it. Raises InvalidInput for amounts that are none."""
    data = dict(answer.get("data") or {})
    ours = data.pop(OURS, None)
    done = not answer.get("errors")
    for name, payload in data.items():
        if isinstance(payload, Mapping) and "errors" in payload:
            kept = dict(payload)
            ours = kept.pop(OURS, None) or ours
            done = done and not kept["errors"]
            data[name] = kept
    shown: dict[str, Any] = {}
    if answer.get("errors"):
        shown["errors"] = [_error(one) for one in answer["errors"]]
    shown["data"] = data or None
    return Passed(shown, done, _checkout(realm, ours), _order(ours))


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    """As Saleor says it, without the stack that it shows while it is being debugged."""
    exception = (error.get("extensions") or {}).get("exception") or {}
    kept = {"message": str(error.get("message") or ""), "path": error.get("path")}
    code = exception.get("code") or (error.get("extensions") or {}).get("code") or ""
    return {**kept, "extensions": {"exception": {"code": code}}}


def _checkout(realm: str, ours: Any) -> CheckoutFact | None:
    return checkout_fact(realm, ours) if isinstance(ours, Mapping) and "lines" in ours else None


def _order(ours: Any) -> PlacedOrder | None:
    if not isinstance(ours, Mapping) or "checkoutId" not in ours:
        return None
    return PlacedOrder(ours["id"], ours["checkoutId"] or "", id_of(ours.get("user")))
