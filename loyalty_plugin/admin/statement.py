"""A member's movements and lots as the back office lists them: each cell in words, once a page; it adds nothing up.

Words are made here rather than by the template, which would ask for each of them anew in every row.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from loyalty_plugin.admin.words import KINDS, points, signed
from loyalty_plugin.queries.balances import LotView
from loyalty_plugin.queries.explanations.sentences import explain, explain_end, explain_more
from loyalty_plugin.queries.orders import order_numbers
from loyalty_plugin.queries.statements import Movement
from loyalty_plugin.services.adjustments import REASONS

Days = Callable[[date], str]


def movement_rows(movements: Sequence[Movement]) -> list[dict[str, Any]]:
    """The rows of a page of the statement, with the numbers of their orders. One query."""
    numbers = order_numbers(movement.order_ref for movement in movements)
    undone = {_adjusted(movement).get("undoes") for movement in movements}
    days = cache(date_format)
    return [_row(movement, undone, numbers.get(movement.order_ref, ""), days) for movement in movements]


def _adjusted(movement: Movement) -> Mapping[str, Any]:
    return (movement.explanation or {}).get("adjustment") or {}


def _row(movement: Movement, undone: Container[Any], number: str, days: Days) -> dict[str, Any]:
    data = movement.explanation or {}
    award = "rules" in data
    reason = REASONS.get(_adjusted(movement).get("reason", ""), "")
    at = localtime(movement.occurred_at)
    return {
        "entry_id": movement.entry_id,
        "day": days(at.date()),
        "moment": date_format(at, "DATETIME_FORMAT"),
        "iso": at.isoformat(),
        "what": KINDS.get(movement.kind, movement.kind),
        "order": _("order %(number)s") % {"number": number} if number else "",
        "reason": "" if movement.kind == "reverse" else reason,
        "amount": signed(movement.amount) if movement.amount else "",
        "moved": points(movement.available) if not movement.amount and movement.available else "",
        "balance": signed(movement.balance),
        "why": explain(data) if award else explain_end(data),
        "more": explain_more(data) if award else [],
        "undone": movement.entry_id in undone,
        "undoable": movement.kind == "adjust" and movement.entry_id not in undone,
    }


def lot_rows(lots: Sequence[LotView]) -> list[dict[str, str]]:
    """The rows of the lots that have something left."""
    days = cache(date_format)
    no_end = _("no end")
    return [
        {
            "last_day": days(lot.last_day) if lot.last_day else no_end,
            "begins": _begins(lot, days),
            "pending": signed(lot.pending),
            "available": signed(lot.available),
        }
        for lot in lots
    ]


def _begins(lot: LotView, days: Days) -> str:
    if lot.needs_verification:
        return _("once the contact is verified")
    if lot.available_from:
        return days(lot.available_from)
    return _("once the return window has run") if lot.pending else _("now")
