"""What lies ahead of a member's tier, in sentences: what is missing for the next, when this one ends; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.forecast import Forecast, Need, Needs
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.queries.explanations.numbers import in_language, money_text, number_text


@dataclass(frozen=True, slots=True)
class Outlook:
    """`percent` of the way to the next tier (None: there is none above) and the sentences that say it."""

    percent: int | None
    next_tier: str
    to_next: str
    lasts: str


def missing(need: Need, currency: str, money: Callable[[int, str], str] = money_text) -> str:
    """ "12.50 EUR", "2 orders", "120 points"; `money` writes minor units of a currency as the page does."""
    number = number_text(need.missing)
    match need.metric:
        case Metric.SPEND:
            return money(need.missing, currency)
        case Metric.TOPUP:
            return _("%(amount)s topped up") % {"amount": money(need.missing, currency)}
        case Metric.QUALIFYING:
            text = ngettext("%(n)s point", "%(n)s points", need.missing)
        case Metric.ORDERS:
            text = ngettext("%(n)s order", "%(n)s orders", need.missing)
        case Metric.TOPUP_COUNT:
            text = ngettext("%(n)s top-up", "%(n)s top-ups", need.missing)
        case _:
            text = ngettext("%(n)s piece", "%(n)s pieces", need.missing)
    return text % {"n": number}


def all_missing(needs: Needs, currency: str, money: Callable[[int, str], str] = money_text) -> str:
    """What a way still needs, all of it: "12.50 EUR and 2 orders"."""
    return _(" and ").join(missing(need, currency, money) for need in needs)


def percent_done(needs: Needs) -> int:
    """How far along a way is, by the need that lacks most, from 0 to 100. The way asks for something."""
    percent = min((need.at_least - need.missing) * 100 // need.at_least for need in needs)
    return max(0, min(percent, 100))


def due_day(needs: Needs) -> date | None:
    """The first day after which more may be missing, None where there is none."""
    return min((need.by for need in needs if need.by is not None), default=None)


def _name(version: ProgrammeVersion, code: str | None) -> str:
    tier = version.document.tier(code or "")
    return in_language(tier.name, tier.code) if tier is not None else code or ""


def outlook(ahead: Forecast, version: ProgrammeVersion) -> Outlook:
    """The forecast in words: "12.50 EUR more by 31 March for VIP", "lasts until 1 May; 2 orders more keep it"."""
    percent, to_next, lasts = None, "", ""
    if ahead.next_tier and ahead.needs:
        percent = percent_done(ahead.needs)
        words = {
            "missing": all_missing(ahead.needs, version.currency),
            "tier": _name(version, ahead.next_tier),
        }
        by = due_day(ahead.needs)
        to_next = (
            _("%(missing)s more by %(day)s for %(tier)s.") % {**words, "day": date_format(by)}
            if by is not None
            else _("%(missing)s more for %(tier)s.") % words
        )
    if ahead.drops_on is not None and ahead.keeps_until is not None:
        facts = {
            "day": date_format(ahead.keeps_until),
            "tier": _name(version, ahead.drops_to),
            "missing": all_missing(ahead.lacks, version.currency),
        }
        lasts = (
            _("Lasts until %(day)s, then %(tier)s; %(missing)s more by then keeps it.") % facts
            if ahead.lacks
            else _("Lasts until %(day)s, then %(tier)s.") % facts
        )
    return Outlook(percent, _name(version, ahead.next_tier), to_next, lasts)
