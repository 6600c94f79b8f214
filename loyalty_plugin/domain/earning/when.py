"""Whether a rule's `when` holds on an occasion, and for which lines; never what the rule gives."""

from __future__ import annotations

from dataclasses import replace

from loyalty_plugin.domain.earning.terms import WEEKDAYS, When
from loyalty_plugin.domain.extensions import Occasion
from loyalty_plugin.domain.facts import LineFact


def why_not(when: When, occasion: Occasion) -> str:
    """Why it does not hold, as a code (other_channel, other_weekday, too_early, too_late, other_tier,
    no_label, no_line), or the empty string where it holds."""
    if not when.restricts:
        return ""
    if when.channels and occasion.channel not in when.channels:
        return "other_channel"
    if when.weekdays and WEEKDAYS[occasion.day.weekday()] not in when.weekdays:
        return "other_weekday"
    if when.from_day and occasion.day < when.from_day:
        return "too_early"
    if when.until_day and occasion.day > when.until_day:
        return "too_late"
    if when.tiers and occasion.member.tier not in when.tiers:
        return "other_tier"
    if when.labels and not when.labels & occasion.member.labels:
        return "no_label"
    if when.narrows and not any(covers(when, line) for line, _ in occasion.lines):
        return "no_line"
    return ""


def covers(when: When, line: LineFact) -> bool:
    """The line is in one of the products, categories or collections named; all are where none is named."""
    return (
        not when.narrows
        or line.product_id in when.products
        or line.category_id in when.categories
        or not when.collections.isdisjoint(line.collection_ids)
    )


def narrowed(when: When, occasion: Occasion) -> Occasion:
    """The occasion with only the lines that `when` covers, and only their amount."""
    if not when.narrows:
        return occasion
    lines = tuple(pair for pair in occasion.lines if covers(when, pair[0]))
    return replace(occasion, lines=lines, basis=sum(amount for _, amount in lines))
