"""What lies ahead of a member's tier, in sentences: what is missing for the next, when this one ends; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.forecast import Forecast, Need
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.queries.explanations.numbers import in_language, money_text, number_text


@dataclass(frozen=True, slots=True)
class Outlook:
    """`percent` of the way to the next tier (None: there is none above) and the sentences that say it."""

    percent: int | None
    next_tier: str
    to_next: str
    lasts: str


def missing(need: Need, currency: str) -> str:
    """ "12.50 EUR", "2 orders", "120 points"."""
    number = number_text(need.missing)
    match need.metric:
        case Metric.SPEND:
            return money_text(need.missing, currency)
        case Metric.TOPUP:
            return _("%(amount)s topped up") % {"amount": money_text(need.missing, currency)}
        case Metric.QUALIFYING:
            text = ngettext("%(n)s point", "%(n)s points", need.missing)
        case Metric.ORDERS:
            text = ngettext("%(n)s order", "%(n)s orders", need.missing)
        case Metric.TOPUP_COUNT:
            text = ngettext("%(n)s top-up", "%(n)s top-ups", need.missing)
        case _:
            text = ngettext("%(n)s piece", "%(n)s pieces", need.missing)
    return text % {"n": number}


def _name(version: ProgrammeVersion, code: str | None) -> str:
    tier = version.document.tier(code or "")
    return in_language(tier.name, tier.code) if tier is not None else code or ""


def outlook(ahead: Forecast, version: ProgrammeVersion) -> Outlook:
    """The forecast in words: "12.50 EUR more by 31 March for VIP", "lasts until 1 May; 2 orders more keep it"."""
    percent, to_next, lasts = None, "", ""
    if ahead.next_tier and ahead.needs:
        percent = min((need.at_least - need.missing) * 100 // need.at_least for need in ahead.needs)
        words = {
            "missing": _(" and ").join(missing(need, version.currency) for need in ahead.needs),
            "tier": _name(version, ahead.next_tier),
        }
        by = min((need.by for need in ahead.needs if need.by is not None), default=None)
        to_next = (
            _("%(missing)s more by %(day)s for %(tier)s.") % {**words, "day": date_format(by)}
            if by is not None
            else _("%(missing)s more for %(tier)s.") % words
        )
    if ahead.drops_on is not None and ahead.keeps_until is not None:
        facts = {
            "day": date_format(ahead.keeps_until),
            "tier": _name(version, ahead.drops_to),
            "missing": _(" and ").join(missing(need, version.currency) for need in ahead.lacks),
        }
        lasts = (
            _("Lasts until %(day)s, then %(tier)s; %(missing)s more by then keeps it.") % facts
            if ahead.lacks
            else _("Lasts until %(day)s, then %(tier)s.") % facts
        )
    clamped = None if percent is None else max(0, min(percent, 100))
    return Outlook(clamped, _name(version, ahead.next_tier), to_next, lasts)
