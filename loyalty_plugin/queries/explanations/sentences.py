"""Answers "why N points, and why not more?" from the stored explanation; never computes an award."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.explanation import SCHEMA
from loyalty_plugin.queries.explanations.numbers import (
    exact_number,
    in_language,
    money_text,
    number_text,
    points_text,
)
from loyalty_plugin.queries.explanations.reasons import (
    LEFT_OUT,
    hint_text,
    multiplier_text,
    rule_text,
    why_not_text,
)


class _Part(NamedTuple):
    """What a rule gave, and why."""

    number: int | Fraction
    why: str

    def __str__(self) -> str:
        return _("%(number)s %(why)s") % {"number": number_text(self.number), "why": self.why}


def _parts(data: Mapping[str, Any]) -> tuple[list[_Part], list[_Part]]:
    """What rules gave: those that multipliers act on, and the others."""
    multiplied: list[_Part] = []
    others: list[_Part] = []
    rate = exact_number(data["rate"] or 1)
    for note in data["rules"]:
        taken = exact_number(note["taken"])
        if not taken:
            continue
        alone = note["free"] or rate == 1 or taken == exact_number(note["exact"])
        part = _Part(taken if alone else Fraction(taken) / rate, rule_text(note, data["currency"]))
        (others if alone else multiplied).append(part)
    return multiplied, others


def explain(data: Mapping[str, Any]) -> str:
    """One sentence: "120 points: 100 for 100.00 EUR at 1 point per 1.00 EUR, ×1.2 as Premium."

    `data` as in domain.earning.explanation. Where a later version wrote it, only the total is told.
    """
    total = points_text(data["total"])
    if data.get("schema") != SCHEMA:
        return _("%(points)s.") % {"points": total}
    multiplied, others = _parts(data)
    applied = [multiplier_text(note, data) for note in data["multipliers"] if note["applied"]]
    cuts = _cuts(data)
    if exact_number(data["rounded_off"]):
        cuts.append(_("rounded down"))
    if len(others) == 1 and not (multiplied or applied or cuts):
        return _("%(points)s %(why)s.") % {"points": total, "why": others[0].why}
    clauses = []
    if multiplied:
        clauses.append(", ".join([" + ".join(map(str, multiplied)), *applied]))
        if len(applied) > 1:
            clauses[-1] += _(", together ×%(rate)s") % {"rate": number_text(data["rate"])}
    clauses += map(str, others)
    if applied and not multiplied:
        clauses.append(get_text_list(applied, _("and")))
    if not clauses:
        return _("No points: nothing here earns.")
    body = _("; ").join(clauses)
    if cuts:
        body = ", ".join([body, *cuts])
    return _("%(points)s: %(why)s.") % {"points": total, "why": body}


def explain_end(data: Mapping[str, Any] | None) -> str:
    """Why a movement that is no award happened, where it keeps its own reason; else empty.

    What a contact had before, what is owed from a former membership, the end of an erased one.
    """
    match data:
        case {"had_before": {"points": points}}:
            return _("This contact has had %(points)s of this kind before.") % {"points": points_text(points)}
        case {"carried": {"owed": owed}}:
            return _("%(points)s were owed when the former membership ended.") % {"points": points_text(owed)}
        case {"erased": _reason}:
            return _("The membership was erased, and the points that were left ended with it.")
        case _:
            return ""


_LIMITS: Final = {
    "order": gettext_lazy("%(number)s less by the limit for one order"),
    "day": gettext_lazy("%(number)s less by the limit for one day"),
    "member": gettext_lazy("%(number)s less by the limit for one member"),
}


def _cuts(data: Mapping[str, Any]) -> list[str]:
    found = []
    for note in data["campaigns"]:
        if note["cut"]:
            name = in_language(data["names"]["campaigns"].get(note["code"]), note["code"])
            words = {"number": number_text(note["cut"]), "campaign": name}
            found.append(_("%(number)s less as “%(campaign)s” is used up") % words)
    for note in data["caps"]:
        limit = _LIMITS.get(note["cap"], _LIMITS["member"])
        found.append(str(limit) % {"number": number_text(note["cut"])})
    return found


def explain_more(data: Mapping[str, Any]) -> list[str]:
    """Why not more: what did not count, what did not apply, what would have given more; a sentence each."""
    if data.get("schema") != SCHEMA:
        return []
    sentences = []
    for reason, amount in (data["basis"] or {}).get("left_out", ()):
        if reason in LEFT_OUT:
            sentences.append(str(LEFT_OUT[reason]) % {"amount": money_text(amount, data["currency"])})
    sentences += [why_not_text(note, registry.rules, data) for note in data["rules"] if note["why_not"]]
    sentences += [
        why_not_text(note, registry.multipliers, data) for note in data["multipliers"] if note["why_not"]
    ]
    sentences += [hint_text(hint, data) for hint in data["hints"]]
    if data.get("claimed"):
        sentences.append(_("Bought as a guest, and credited once the e-mail address was confirmed."))
    return list(dict.fromkeys(filter(None, sentences)))
