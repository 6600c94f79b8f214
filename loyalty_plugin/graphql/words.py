"""Sentences this door speaks beside its data: movements, tiers gained and lost; it computes no number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Protocol

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from loyalty_plugin.domain.ledger import Kind
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.forecast import Forecast, Need, Needs
from loyalty_plugin.domain.tiers.terms import Metric, TierTerms
from loyalty_plugin.queries.explanations.numbers import money_text, number_text, points_text
from loyalty_plugin.queries.explanations.sentences import explain, explain_end, explain_more

_KINDS: Final = {
    Kind.EARN: N_("Earned by an order."),
    Kind.BONUS: N_("A gift of the programme."),
    Kind.MATURE: N_("Points that were on the way can be used now."),
    Kind.REFUND: N_("An order was returned: what it earned went back."),
    Kind.SPEND: N_("Spent."),
    Kind.HOLD: N_("Reserved while a checkout is open."),
    Kind.CAPTURE: N_("Spent on an order."),
    Kind.RELEASE: N_("No longer reserved."),
    Kind.GIVE_BACK: N_("Spent before, and given back."),
    Kind.EXPIRE: N_("These points were not used in time."),
    Kind.BRING_BACK: N_("Points that had expired were brought back."),
    Kind.CLEAR: N_("The programme cleared all points on this day."),
    Kind.ADJUST: N_("Changed by our staff."),
    Kind.REVERSE: N_("An earlier entry was corrected."),
    Kind.OPENING: N_("Taken over from before."),
}


def language_of(wanted: str | None) -> str:
    """The language asked for, else the request's."""
    return wanted or get_language() or "en"


def tier_name(tier: TierTerms | None, code: str, language: str | None = None) -> str:
    """A tier's name for the reader; its code where the version has no such tier."""
    return text_in(tier.name, language_of(language)) if tier is not None else code


class Explained(Protocol):
    """A movement, or whatever else has a kind and the explanation that was stored with it."""

    @property
    def kind(self) -> str: ...
    @property
    def explanation(self) -> Mapping[str, Any] | None: ...


def why(movement: Explained) -> str:
    """One sentence about a movement; an award explains itself by its numbers."""
    if _is_award(movement):
        return explain(movement.explanation or {})
    if told := explain_end(movement.explanation):
        return told
    return _(_KINDS[Kind(movement.kind)])


def why_not_more(movement: Explained) -> list[str]:
    """What would have given more, what did not count; none for what is no award."""
    return explain_more(movement.explanation or {}) if _is_award(movement) else []


def _is_award(movement: Explained) -> bool:
    return movement.kind in (Kind.EARN, Kind.BONUS) and "total" in (movement.explanation or {})


def need(one: Need, currency: str) -> str:
    """ "12.50 EUR", "2 orders"."""
    number = one.missing
    words = {"number": number_text(number)}
    match one.metric:
        case Metric.SPEND:
            return money_text(number, currency)
        case Metric.TOPUP:
            return _("%(money)s topped up") % {"money": money_text(number, currency)}
        case Metric.QUALIFYING:
            return points_text(number)
        case Metric.ORDERS:
            return ngettext("%(number)s order", "%(number)s orders", number) % words
        case Metric.TOPUP_COUNT:
            return ngettext("%(number)s top-up", "%(number)s top-ups", number) % words
        case _:
            return ngettext("%(number)s named product", "%(number)s named products", number) % words


def outlook(forecast: Forecast, version: ProgrammeVersion) -> list[str]:
    """What lies ahead, a sentence each: "12.50 EUR more by 31 March for VIP."."""
    document, currency = version.document, version.currency
    found = []
    if forecast.next_tier is not None and forecast.needs:
        words = {
            "what": _needed(forecast.needs, currency),
            "tier": tier_name(document.tier(forecast.next_tier), forecast.next_tier),
        }
        by = min((one.by for one in forecast.needs if one.by is not None and one.missing), default=None)
        if by is None:
            found.append(_("%(what)s more for %(tier)s.") % words)
        else:
            found.append(_("%(what)s more by %(day)s for %(tier)s.") % {**words, "day": _day(by)})
    if forecast.drops_on is not None and forecast.drops_to is not None:
        words = {
            "tier": tier_name(document.tier(forecast.tier), forecast.tier),
            "below": tier_name(document.tier(forecast.drops_to), forecast.drops_to),
            "day": _day(forecast.drops_on),
        }
        if forecast.lacks:
            words["what"] = _needed(forecast.lacks, currency)
            found.append(_("%(tier)s becomes %(below)s on %(day)s; %(what)s would keep it.") % words)
        else:
            found.append(_("%(tier)s becomes %(below)s on %(day)s.") % words)
    return found


def _needed(needs: Needs, currency: str) -> str:
    return _(" and ").join(need(one, currency) for one in needs if one.missing) or points_text(0)


def _day(day: date) -> str:
    return str(date_format(day, "DATE_FORMAT"))
