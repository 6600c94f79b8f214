"""Finds contradictions in a draft whose every field is well formed; changes nothing and raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

from pydantic import BaseModel

from loyalty_plugin.domain.earning.terms import (
    WEEKDAYS,
    CampaignTerms,
    Caps,
    MultiplierTerms,
    RuleTerms,
    When,
)
from loyalty_plugin.domain.extensions import DraftContext, OccasionKind, Params
from loyalty_plugin.domain.perks.terms import PerkTerms
from loyalty_plugin.domain.programmes.document import ProgrammeDocument
from loyalty_plugin.domain.programmes.parse import ParamsOf, Problem, doubles, params_problems
from loyalty_plugin.domain.tiers.terms import Metric

#: The kinds of occasion a rule looks at, by its extension's code. Raises UnknownExtension.
OccasionsOf = Callable[[str], Collection[OccasionKind]]


def _problem(path: str, code: str) -> Problem:
    return {"path": path, "problem": code}


def check_document(
    document: ProgrammeDocument,
    *,
    currency: str,
    starts_on: date | None,
    params_of: ParamsOf,
    occasions_of: OccasionsOf | None = None,
    channels: Collection[str] | None = None,
    price_lists: frozenset[str] | None = None,
) -> list[Problem]:
    """Everything in this draft that contradicts itself or the programme, in the document's order.

    `starts_on`: the day the version is to start, None where not yet decided. `channels`: the channels the
    programme serves, `price_lists` the codes of its lists, None where not to be checked.
    Contradictions between tiers are `domain.tiers`' to find.
    """
    earning = document.earning
    context = DraftContext(
        currency=currency,
        tiers=document.tier_codes,
        order_cap=earning.caps.order,
        day_cap=earning.caps.day,
        member_cap=earning.caps.member,
        price_lists=price_lists,
    )
    campaigns = {campaign.code: campaign for campaign in earning.campaigns}
    problems: list[Problem] = list(_qualifying(document))
    lists: tuple[tuple[str, Sequence[RuleTerms | MultiplierTerms | PerkTerms]], ...] = (
        ("rule", earning.rules),
        ("multiplier", earning.multipliers),
        ("perk", document.perks),
    )
    for name, entries in lists:
        root = "perks" if name == "perk" else f"earning.{name}s"
        problems += [_problem(f"{root}.{i}.id", "duplicate_id") for i in doubles(e.id for e in entries)]
        for place, entry in enumerate(entries):
            path, code = f"{root}.{place}", getattr(entry, name)
            params, found = params_problems(params_of, name, code, entry.params, path)
            problems += found
            problems += _params(params, context, path)
            problems += _when(entry.when, document, starts_on, channels, f"{path}.when")
            problems += _campaign(getattr(entry, "campaign", None), entry.when, campaigns, path)
            problems += _tiers(getattr(entry, "tiers", ()), document, f"{path}.tiers")
            narrowed_rule = name == "rule" and params is not None and entry.when.narrows
            if narrowed_rule and occasions_of and OccasionKind.ORDER not in occasions_of(code):
                problems.append(_problem(f"{path}.when", "lines_never_come"))
    problems += _campaigns(document, starts_on)
    problems += _caps(earning.caps)
    for place, benefit in enumerate(document.benefits):
        problems += _tiers(benefit.tiers, document, f"benefits.{place}.tiers")
    return problems


def _qualifying(document: ProgrammeDocument) -> Iterator[Problem]:
    qualifying = document.earning.qualifying
    if qualifying.source == "amount" and qualifying.per is None:
        yield _problem("earning.qualifying.per", "qualifying_without_amount")
    if qualifying.source == "none":
        for place, tier in enumerate(document.tiers):
            for part, ways in (("entry", tier.entry), ("keep", tier.keep or ())):
                if any(c.metric is Metric.QUALIFYING for way in ways for c in way):
                    yield _problem(f"tiers.{place}.{part}", "tier_needs_qualifying")


def _params(params: BaseModel | None, context: DraftContext, path: str) -> Iterator[Problem]:
    if isinstance(params, Params):
        for name, code in params.problems(context):
            yield _problem(f"{path}.params.{name}", code)


def _tiers(named: Collection[str], document: ProgrammeDocument, path: str) -> Iterator[Problem]:
    if not set(named) <= set(document.tier_codes):
        yield _problem(path, "unknown_tier")


def _days(first: date | None, last: date | None, starts_on: date | None, path: str) -> Iterator[Problem]:
    if first and last and last < first:
        yield _problem(f"{path}.until_day", "end_before_start")
    elif last and starts_on and last < starts_on:
        yield _problem(f"{path}.until_day", "over_before_start")


def _when(
    when: When,
    document: ProgrammeDocument,
    starts_on: date | None,
    channels: Collection[str] | None,
    path: str,
) -> Iterator[Problem]:
    yield from _days(when.from_day, when.until_day, starts_on, path)
    yield from _tiers(when.tiers, document, f"{path}.tiers")
    if channels is not None and not when.channels <= set(channels):
        yield _problem(f"{path}.channels", "unknown_channel")
    if when.weekdays and _never_meets(when.weekdays, _latest(when.from_day, starts_on), when.until_day):
        yield _problem(f"{path}.weekdays", "days_never_meet")


def _latest(*days: date | None) -> date | None:
    return max((day for day in days if day is not None), default=None)


def _never_meets(weekdays: Sequence[str], first: date | None, last: date | None) -> bool:
    """None of these weekdays lies in a stretch of fewer than seven days."""
    if first is None or last is None or not 0 <= (last - first).days < 6:
        return False
    stretch = {
        WEEKDAYS[(first + timedelta(days=ahead)).weekday()] for ahead in range((last - first).days + 1)
    }
    return stretch.isdisjoint(weekdays)


def _campaign(
    code: str | None, when: When, campaigns: Mapping[str, CampaignTerms], path: str
) -> Iterator[Problem]:
    if code is None:
        return
    campaign = campaigns.get(code)
    if campaign is None:
        yield _problem(f"{path}.campaign", "unknown_campaign")
        return
    begin = _latest(when.from_day, campaign.from_day)
    ends = [day for day in (when.until_day, campaign.until_day) if day is not None]
    own = when.from_day and when.until_day and when.until_day < when.from_day
    if begin and ends and min(ends) < begin and not own:
        yield _problem(f"{path}.campaign", "days_never_meet")


def _campaigns(document: ProgrammeDocument, starts_on: date | None) -> Iterator[Problem]:
    earning = document.earning
    drawn = {rule.campaign for rule in earning.rules} | {m.campaign for m in earning.multipliers}
    for place in doubles(campaign.code for campaign in earning.campaigns):
        yield _problem(f"earning.campaigns.{place}.code", "duplicate_id")
    for place, campaign in enumerate(earning.campaigns):
        path = f"earning.campaigns.{place}"
        yield from _days(campaign.from_day, campaign.until_day, starts_on, path)
        if campaign.code not in drawn:
            yield _problem(f"{path}.code", "unused_campaign")


def _caps(caps: Caps) -> Iterator[Problem]:
    for name in ("order", "day", "member"):
        if getattr(caps, name) == 0:
            yield _problem(f"earning.caps.{name}", "cap_is_zero")
    for narrow, wide in (("order", "day"), ("order", "member"), ("day", "member")):
        inner, outer = getattr(caps, narrow), getattr(caps, wide)
        if inner and outer and inner > outer:
            yield _problem(f"earning.caps.{narrow}", "cap_above_wider_cap")
