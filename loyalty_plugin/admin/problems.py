"""What stands against a draft, in words and with the place a person knows it by; finds no problem itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty_plugin.queries.explanations.numbers import in_language

#: A sentence for each code: what is wrong, and where it is not plain, what to do.
WORDS: Final[dict[str, Any]] = {
    "missing": gettext_lazy("A value is needed here."),
    "unknown_field": gettext_lazy("There is no such field. Check its spelling."),
    "wrong_type": gettext_lazy("Another type of value is needed here."),
    "not_one_of": gettext_lazy("This is not one of the choices."),
    "out_of_range": gettext_lazy("This is too small, too large, too short or too long."),
    "invalid_value": gettext_lazy("This value can't be right."),
    "not_exact": gettext_lazy("Write a whole number, or an exact decimal in quotes such as “1.5”."),
    "invalid_amount": gettext_lazy("Write an amount from zero."),
    "not_positive": gettext_lazy("It has to be more than zero."),
    "not_a_language": gettext_lazy("Use language tags such as en or zh-hans."),
    "empty_text": gettext_lazy("The text is empty."),
    "unknown_extension": gettext_lazy("No installed app knows this code."),
    "duplicate_id": gettext_lazy("Another entry has the same id."),
    "unknown_tier": gettext_lazy("There is no such tier."),
    "unknown_campaign": gettext_lazy("There is no such campaign."),
    "unknown_channel": gettext_lazy("The programme does not serve this channel."),
    "unused_campaign": gettext_lazy("Nothing draws on this campaign's budget."),
    "end_before_start": gettext_lazy("It ends before it begins."),
    "over_before_start": gettext_lazy("It is over before this version comes into force."),
    "days_never_meet": gettext_lazy("Its days never occur: its weekdays, dates and campaign do not meet."),
    "lines_never_come": gettext_lazy("It is narrowed to products, but what it rewards has none."),
    "cap_is_zero": gettext_lazy("A cap of zero lets nothing through. Leave it empty for no cap."),
    "cap_above_wider_cap": gettext_lazy("It is above the wider cap, so it never acts."),
    "cap_below_award": gettext_lazy("A cap is below what this gives at once."),
    "qualifying_without_amount": gettext_lazy("Points that count by amount need the amount."),
    "tier_needs_qualifying": gettext_lazy("A tier asks for points that count for tiers, and none arise."),
    "wrong_decimals": gettext_lazy("The currency has fewer decimals."),
    "bands_unordered": gettext_lazy("The bands have to rise."),
    "bands_mixed": gettext_lazy("Bands by amount and bands given once do not go together."),
    "params_contradict": gettext_lazy("These settings contradict each other."),
    "floor_of_nothing": gettext_lazy("A floor needs a share of the list price or an amount."),
    "not_local": gettext_lazy("Write the time as the programme's clocks show it, without an offset."),
    "unknown_price_list": gettext_lazy("There is no price list of this code."),
    "no_time": gettext_lazy("Months and days are both zero."),
    # Tiers
    "no_tiers": gettext_lazy("There is no tier. Everybody needs one to be in."),
    "duplicate_code": gettext_lazy("Another tier has the same code."),
    "duplicate_rank": gettext_lazy("Another tier has the same rank."),
    "lowest_rank_not_zero": gettext_lazy("The lowest tier needs rank 0."),
    "lowest_has_entry": gettext_lazy("Everybody is in the lowest tier, so it can't ask for anything."),
    "lowest_has_keep": gettext_lazy("Everybody is in the lowest tier, so it can't be lost."),
    "no_conditions": gettext_lazy("It asks for nothing. Add a condition, or remove it."),
    "products_missing": gettext_lazy("Name the products that count."),
    "products_not_counted": gettext_lazy("Products are named, but this does not count products."),
    "condition_repeated": gettext_lazy("The same thing is asked for twice."),
    "topup_never_counts": gettext_lazy("Stored value counts when it is spent, so no top-up ever counts."),
    "too_many": gettext_lazy("Nobody can make so many in that time."),
    "not_above_lower_tier": gettext_lazy(
        "Whoever reaches a lower tier reaches this one too, so nobody is ever in the lower one. Ask for more."
    ),
    "keep_without_end": gettext_lazy("The tier never ends, so what keeps it is never asked."),
    "grace_without_end": gettext_lazy("The tier never ends, so it needs no days of grace."),
    "keep_always_met": gettext_lazy("What keeps it only grows, so it is never lost."),
    "keep_not_met_at_entry": gettext_lazy("Entering it does not bring what keeps it, so it is lost at once."),
    "after_without_end": gettext_lazy("It lasts so many periods longer, but its period has no end."),
}

#: First parts of a path, as the page calls them.
_PLACES: Final[dict[str, Any]] = {
    "title": gettext_lazy("Title"),
    "tiers": gettext_lazy("Tiers"),
    "earning": gettext_lazy("Earning"),
    "pending": gettext_lazy("Return window"),
    "expiry": gettext_lazy("Expiry"),
    "tier_settings": gettext_lazy("Settings of the tiers"),
    "perks": gettext_lazy("Perks"),
    "prices": gettext_lazy("Rule for member prices"),
    "benefits": gettext_lazy("Benefits"),
    "claims": gettext_lazy("Guest orders"),
    "check_ins": gettext_lazy("Check-ins"),
}

#: Entries of a list that have a name of their own: by path, the words around it.
_ENTRIES: Final[dict[str, Any]] = {
    "tiers": gettext_lazy("Tier “%(name)s”"),
    "earning.rules": gettext_lazy("Earning rule “%(name)s”"),
    "earning.multipliers": gettext_lazy("Multiplier “%(name)s”"),
    "earning.campaigns": gettext_lazy("Campaign “%(name)s”"),
    "perks": gettext_lazy("Perk “%(name)s”"),
}


def place(path: str, document: Any) -> str:
    """The part of the document a dotted path leads to, as a person calls it; any document, however broken."""
    parts = path.split(".")
    for depth in (1, 2):
        known = _ENTRIES.get(".".join(parts[:depth]))
        if known is None or len(parts) <= depth:
            continue
        entry = document
        for part in parts[: depth + 1]:
            entry = _step(entry, part)
        if isinstance(entry, Mapping):
            code = entry.get("code") or entry.get("id") or parts[depth]
            return str(known % {"name": in_language(entry.get("name"), str(code))})
    return str(_PLACES.get(parts[0], _("The draft")))


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def worded(problems: Iterable[Mapping[str, str]], document: Any) -> list[dict[str, str]]:
    """Problems as the page lists them: place, words, and the path for whoever edits the JSON."""
    return [
        {
            "place": place(one["path"], document),
            "words": str(WORDS.get(one["problem"], one["problem"])),
            "path": one["path"],
        }
        for one in problems
    ]
