"""Perks of a version with their extensions looked up, and whose and when each is; prices nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from loyalty_plugin.domain.earning.terms import WEEKDAYS, When
from loyalty_plugin.domain.extensions import Perk
from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.perks.terms import PerkTerms
from loyalty_plugin.errors import UnknownExtension


@dataclass(frozen=True, slots=True)
class ResolvedPerk:
    """A perk ready to be asked. `trouble` says why it can't be: missing_extension or params_refused."""

    terms: PerkTerms
    perk: Perk | None
    params: Any
    trouble: str = ""


def resolve_perks(terms: Sequence[PerkTerms], perk_of: Callable[[str], Perk]) -> tuple[ResolvedPerk, ...]:
    """Look the perks up and parse their parameters; `perk_of` raises UnknownExtension for unknown codes."""
    resolved = []
    for stated in terms:
        try:
            perk = perk_of(stated.perk)
        except UnknownExtension:
            resolved.append(ResolvedPerk(stated, None, None, "missing_extension"))
            continue
        try:
            resolved.append(ResolvedPerk(stated, perk, perk.Params.model_validate(stated.params)))
        except ValidationError:
            resolved.append(ResolvedPerk(stated, None, None, "params_refused"))
    return tuple(resolved)


def for_whom(terms: PerkTerms, member: MemberFact) -> bool:
    """Whether a perk is this member's, by tier, label or name."""
    when = terms.when
    return (
        (not terms.tiers or member.tier in terms.tiers)
        and (not terms.members or member.member_id in terms.members)
        and (not when.tiers or member.tier in when.tiers)
        and (not when.labels or not when.labels.isdisjoint(member.labels))
    )


def in_force(terms: PerkTerms, day: date, channel: str) -> bool:
    """Whether a perk holds on this day of the programme and in this channel."""
    when = terms.when
    return not when.restricts or (
        (not when.channels or channel in when.channels)
        and (not when.weekdays or WEEKDAYS[day.weekday()] in when.weekdays)
        and (when.from_day is None or when.from_day <= day)
        and (when.until_day is None or day <= when.until_day)
    )


def for_whom_and_when(terms: PerkTerms, member: MemberFact, day: date, channel: str) -> bool:
    """Whether a perk is for this member, on this day of the programme and in this channel; lines are another matter."""
    return for_whom(terms, member) and in_force(terms, day, channel)


def for_line(when: When, line: CheckoutLineFact) -> bool:
    """Whether a perk is for this line's product."""
    return (
        not when.narrows
        or line.product_id in when.products
        or line.category_id in when.categories
        or not when.collections.isdisjoint(line.collection_ids)
    )
