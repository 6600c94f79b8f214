"""What else a draft changes, in words: what tiers ask, the return window, expiry, and rules by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty_plugin import registry
from loyalty_plugin.domain.lots import Expiry
from loyalty_plugin.domain.programmes.document import Pending, ProgrammeDocument
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.forecast import Need
from loyalty_plugin.domain.tiers.terms import TierTerms, Way, Window
from loyalty_plugin.queries.explanations.numbers import in_language
from loyalty_plugin.queries.outlook import all_missing
from loyalty_plugin.queries.price_rules import floors_text, rule_texts


@dataclass(frozen=True, slots=True)
class TermChange:
    """One term with what it says before and after, both in words."""

    what: str
    before: str
    after: str


#: What is told by its name only.
_OTHERS: Final[dict[str, Any]] = {
    "negative": gettext_lazy("Points that must be taken back after they were spent"),
    "spend_counts": gettext_lazy("When money counts towards a tier"),
    "hand_paid": gettext_lazy("Orders that staff declare as paid"),
    "hand_paid_limit": gettext_lazy("How much declared as paid counts without a second person"),
    "hand_paid_daily": gettext_lazy("How much of it counts within a day without a second person"),
    "closed_days": gettext_lazy("How long points last after an account was deleted"),
    "returned_days": gettext_lazy("How long spent points last that come back too late"),
    "paying": gettext_lazy("Paying with points"),
    "imported_from": gettext_lazy("Orders made by a bulk import"),
    "claims": gettext_lazy("Guest orders credited after joining"),
}

_PERIODS: Final[dict[str, tuple[Any, Any]]] = {
    "month": (gettext_lazy("the end of the month"), gettext_lazy("the end of the month, %(n)s months later")),
    "quarter": (
        gettext_lazy("the end of the quarter"),
        gettext_lazy("the end of the quarter, %(n)s quarters later"),
    ),
    "year": (gettext_lazy("the end of the year"), gettext_lazy("the end of the year, %(n)s years later")),
}

_CALENDAR: Final[dict[str, Any]] = {
    "month": gettext_lazy("in a calendar month"),
    "quarter": gettext_lazy("in a calendar quarter"),
    "year": gettext_lazy("in a calendar year"),
}


def changed_terms(old: ProgrammeVersion, new: ProgrammeVersion) -> list[TermChange]:
    """Terms that differ, in the order a person would ask for them."""
    before, after = old.document, new.document
    pairs = [
        *_tiers(before, after, new.currency),
        (_("Return window"), window_text(before.pending), window_text(after.pending)),
        (_("Points end"), expiry_text(before.expiry), expiry_text(after.expiry)),
        *_prices(old, new),
    ]
    return [TermChange(what, was, will) for what, was, will in pairs if was != will]


def _prices(old: ProgrammeVersion, new: ProgrammeVersion) -> Iterator[tuple[str, str, str]]:
    """The rule for member prices; floors that read the same and differ are told of, too."""
    before, after = old.document.prices, new.document.prices
    for (what, was), (_what, will) in zip(
        rule_texts(before, old.currency), rule_texts(after, new.currency), strict=True
    ):
        yield what, was, will
    if before.floors != after.floors and floors_text(before, old.currency) == floors_text(
        after, new.currency
    ):
        told = floors_text(after, new.currency)
        yield (
            _("No member price below"),
            told,
            _("%(floors)s, with other amounts or products") % {"floors": told},
        )


def changed_names(old: ProgrammeVersion, new: ProgrammeVersion) -> dict[str, list[str]]:
    """Rules, multipliers, campaigns and settings that are new, changed or ended, by name."""
    found: dict[str, list[str]] = {"ended": [], "changed": [], "new": []}
    before, after = dict(_entries(old.document)), dict(_entries(new.document))
    for key, (name, terms) in before.items():
        if key not in after:
            found["ended"].append(name)
        elif after[key][1] != terms:
            found["changed"].append(after[key][0])
    found["new"] = [name for key, (name, _terms) in after.items() if key not in before]
    for field, label in _OTHERS.items():
        if getattr(old.document, field) != getattr(new.document, field):
            found["changed"].append(str(label))
    return {kind: list(dict.fromkeys(names)) for kind, names in found.items()}


def _entries(document: ProgrammeDocument) -> Iterator[tuple[tuple[str, str], tuple[str, Any]]]:
    earning = document.earning
    for rule in earning.rules:
        yield ("rule", rule.id), (_label(registry.rules, rule.rule), rule)
    for one in earning.multipliers:
        label = _("Multiplier: %(name)s") % {"name": _label(registry.multipliers, one.multiplier)}
        yield ("multiplier", one.id), (label, one)
    for campaign in earning.campaigns:
        yield ("campaign", campaign.code), (in_language(campaign.name, campaign.code), campaign)
    yield ("part", "basis"), (_("What counts of an order"), earning.basis)
    yield ("part", "caps"), (_("Caps"), earning.caps)
    yield ("part", "qualifying"), (_("Points that count for tiers"), earning.qualifying)
    yield ("part", "combine"), (_("How rules combine"), (earning.combine, earning.combine_multipliers))


def _label(kind: registry.Registry[Any], code: str) -> str:
    return str(kind.get(code).label) if code in kind else code


def _tiers(
    before: ProgrammeDocument, after: ProgrammeDocument, currency: str
) -> Iterator[tuple[str, str, str]]:
    for code in dict.fromkeys([*before.tier_codes, *after.tier_codes]):
        old, new = before.tier(code), after.tier(code)
        named = new or old
        name = in_language(named.name, code) if named is not None else code
        if old is None or new is None:
            gone, there = _("no such tier"), _("a tier of its own")
            yield _("Tier “%(tier)s”") % {"tier": name}, there if old else gone, there if new else gone
            continue
        yield _("To reach %(tier)s") % {"tier": name}, _reach(old, currency), _reach(new, currency)
        yield _("To keep %(tier)s") % {"tier": name}, _keep(old, currency), _keep(new, currency)
        yield _("%(tier)s lasts") % {"tier": name}, lasts_text(old), lasts_text(new)


def _reach(tier: TierTerms, currency: str) -> str:
    if not tier.entry:
        return _("nothing") if tier.rank == 0 else _("it is only given")
    return _("%(much)s %(window)s") % {"much": _ways(tier.entry, currency), "window": window_of(tier.window)}


def _keep(tier: TierTerms, currency: str) -> str:
    if tier.keep is None and tier.keep_window is None:
        return _("the same again")
    asked = _ways(tier.entry if tier.keep is None else tier.keep, currency)
    return _("%(much)s %(window)s") % {"much": asked, "window": window_of(tier.keep_window or tier.window)}


def window_of(window: Window) -> str:
    """ "in 12 months"."""
    match window.kind:
        case "rolling":
            return _("in %(time)s") % {"time": _stretch(window.months, window.days)}
        case "calendar":
            return str(_CALENDAR[window.period])
        case "anniversary":
            return _("in a year of membership")
        case _:
            return _("in all")


def lasts_text(tier: TierTerms) -> str:
    """ "12 months, and 30 days of grace"."""
    lasts = tier.lasts
    match lasts.kind:
        case "for":
            told = _stretch(lasts.months, lasts.days)
        case "end_of":
            told = _("until %(when)s") % {"when": _end_of(lasts.period, lasts.after)}
        case "window":
            told = _("as long as it is kept")
        case _:
            told = _("for ever")
    if not tier.grace_days:
        return told
    grace = ngettext("%(n)s day", "%(n)s days", tier.grace_days) % {"n": tier.grace_days}
    return _("%(time)s, and %(days)s of grace") % {"time": told, "days": grace}


def _ways(ways: Iterable[Way], currency: str) -> str:
    told = [
        all_missing(tuple(Need(one.metric, one.at_least, one.at_least) for one in way), currency)
        for way in ways
    ]
    return _(", or ").join(told) or _("nothing")


def window_text(pending: Pending) -> str:
    """ "14 days from payment"."""
    if pending.starts == "none":
        return _("none: points count at once")
    days = ngettext("%(n)s day", "%(n)s days", pending.window_days) % {"n": pending.window_days}
    if pending.starts == "fulfilment":
        return _("%(days)s from fulfilment") % {"days": days}
    return _("%(days)s from payment") % {"days": days}


def expiry_text(expiry: Expiry) -> str:
    """ "12 months after they were earned"."""
    match expiry.kind:
        case "never":
            return _("never")
        case "after":
            return _("%(time)s after they were earned") % {"time": _stretch(expiry.months, expiry.days)}
        case "inactivity":
            return _("%(time)s after the last purchase") % {"time": _stretch(expiry.months, 0)}
        case "end_of":
            return _("at %(when)s") % {"when": _end_of(expiry.period, expiry.after)}
        case _:
            return _("on %(day)s") % {"day": date_format(expiry.day)}


def _end_of(period: str, after: int) -> str:
    this, later = _PERIODS[period]
    return str(later) % {"n": after} if after else str(this)


def _stretch(months: int, days: int) -> str:
    parts = []
    if months:
        parts.append(ngettext("%(n)s month", "%(n)s months", months) % {"n": months})
    if days:
        parts.append(ngettext("%(n)s day", "%(n)s days", days) % {"n": days})
    return _(" and ").join(parts)
