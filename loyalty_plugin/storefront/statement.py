"""The statement as a bank would print it, each movement with its reason; it reads what was booked and counts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.queries import statements
from loyalty_plugin.queries.explanations.sentences import explain, explain_end, explain_more
from loyalty_plugin.queries.orders import order_numbers
from loyalty_plugin.storefront.visitor import scene
from loyalty_plugin.storefront.words import money


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement: `why` are sentences, the first the shortest; `points` came in or went out, `balance` after it."""

    day: date
    what: str
    why: tuple[str, ...]
    points: int
    balance: int


def statement(request: HttpRequest | None, *, limit: int = 40) -> list[StatementLine]:
    """The signed-in member's latest movements that changed what is theirs, newest first. Two queries."""
    found = scene(request)
    if found is None or found.member is None:
        return []
    page = statements.statement(found.member.pk, limit=limit)
    numbers = order_numbers(movement.order_ref for movement in page.movements)
    return [_line(m, found.version, numbers.get(m.order_ref, "")) for m in page.movements if m.amount]


TITLES = {
    "earn": later("Order"),
    "bonus": later("Thank-you points"),
    "refund": later("Return"),
    "spend": later("Spent"),
    "capture": later("Paid with points"),
    "give_back": later("Points given back"),
    "expire": later("Expired"),
    "bring_back": later("Brought back"),
    "clear": later("Cleared"),
    "adjust": later("Changed by our staff"),
    "reverse": later("Taken back"),
    "opening": later("Carried over"),
}
ORDERED = {
    "earn": later("Order %(number)s"),
    "refund": later("Returned from order %(number)s"),
    "spend": later("Spent on order %(number)s"),
    "capture": later("Paid for order %(number)s"),
    "give_back": later("Given back for order %(number)s"),
}
OCCASIONS = {
    "verified": later("Welcome"),
    "joined": later("Welcome"),
    "birthday": later("Happy birthday"),
    "check_in": later("Daily visit"),
    "milestone": later("A milestone"),
}


def _line(movement: statements.Movement, version: ProgrammeVersion, number: str) -> StatementLine:
    told = movement.explanation or {}
    what = TITLES.get(movement.kind, movement.kind)
    if number and movement.kind in ORDERED:
        what = ORDERED[movement.kind] % {"number": number}
    if movement.kind == "bonus":
        what = OCCASIONS.get(told.get("occasion", ""), what)
    return StatementLine(
        day=local_day(movement.occurred_at, version.zone),
        what=str(what),
        why=tuple(_why(movement)),
        points=movement.amount,
        balance=movement.balance,
    )


def _why(movement: statements.Movement) -> list[str]:
    """An award explains itself; the rest is said here."""
    told = movement.explanation or {}
    if "rules" in told:
        return [explain(told), *explain_more(told)]
    if "refund" in told:
        refund = told["refund"]
        words = {
            "left": money(refund["left"], refund["currency"]),
            "paid": money(refund["paid"], refund["currency"]),
            "before": refund["stood"],
            "now": refund["stands"],
        }
        return [
            _(
                "Of %(paid)s you kept %(left)s, so %(now)d of the %(before)d points stand, by the rule you earned them by."
            )
            % words
        ]
    if "adjustment" in told:
        return [str(told["adjustment"]["reason"])]
    if end := explain_end(told):
        return [end]
    return [str(REASONS.get(movement.kind, _("Ask us and we look it up.")))]


REASONS = {
    "expire": later("These points had reached their last day."),
    "clear": later("All points were cleared on this date, as announced."),
    "bring_back": later("Expired points were brought back."),
    "opening": later("Points you had before this shop kept this book."),
    "spend": later("You spent them on an order."),
    "capture": later("You paid a part of the order with them."),
    "give_back": later("The order, or a part of it, was refunded: what you paid with points came back."),
}
