"""Reads a draft and finds what is wrong in it, each fault with its place and a stable code; holds no wording.

A problem is a mapping {"path", "problem"}: the path is dotted ("earning.rules.0.params.points"), the problem
one of PROBLEMS, or a code of the extension whose parameters it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from loyalty_plugin.domain.programmes.document import ProgrammeDocument
from loyalty_plugin.errors import InvalidDraft, UnknownExtension

Problem = dict[str, str]
#: Parses an extension's parameters: kind ("rule", "multiplier", "perk"), code, data. Raises UnknownExtension
#: and pydantic's ValidationError.
ParamsOf = Callable[[str, str, Mapping[str, Any]], BaseModel]

#: Every problem this package reports, with what it means.
PROBLEMS: Final[dict[str, str]] = {
    "missing": "a value is needed",
    "unknown_field": "there is no such field",
    "wrong_type": "another type of value is needed",
    "not_one_of": "not one of the choices",
    "out_of_range": "too small, too large, too short or too long",
    "invalid_value": "not a value that can be right",
    "not_exact": "a whole number or an exact decimal as text is needed, never a float",
    "invalid_amount": "not an amount from zero",
    "not_positive": "more than zero is needed",
    "not_a_language": "keys must be language tags",
    "empty_text": "a text is empty",
    "unknown_extension": "no installed app registers this code",
    "duplicate_id": "two entries have the same id",
    "unknown_tier": "there is no such tier",
    "unknown_campaign": "there is no such campaign",
    "unknown_channel": "the programme does not serve this channel",
    "unused_campaign": "a budget that nothing draws on",
    "end_before_start": "the last day is before the first",
    "over_before_start": "it ends before the version starts",
    "days_never_meet": "its weekdays do not occur between its days, or its days not in its campaign's",
    "lines_never_come": "it is narrowed to products on an occasion that has none",
    "cap_is_zero": "a cap of zero lets nothing through",
    "cap_above_wider_cap": "the narrower cap is above the wider one and never acts",
    "cap_below_award": "a cap is below what this gives at once",
    "qualifying_without_amount": "points by amount need an amount",
    "tier_needs_qualifying": "a tier asks for qualifying points, and none arise",
    "wrong_decimals": "more decimals than the currency has",
    "bands_unordered": "bands must rise",
    "bands_mixed": "bands by amount and bands given once do not go together",
    "floor_of_nothing": "a floor names neither a share nor an amount",
    "unknown_price_list": "the programme has no such price list",
    "not_local": "a time must be one of the programme's zone, without an offset",
    "params_contradict": "these parameters contradict each other",
}

_FROM_PYDANTIC: Final[dict[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "literal_error": "not_one_of",
    "enum": "not_one_of",
    "union_tag_invalid": "not_one_of",
    "union_tag_not_found": "missing",
    **dict.fromkeys(
        [
            "greater_than",
            "greater_than_equal",
            "less_than",
            "less_than_equal",
            "too_short",
            "too_long",
            "string_too_short",
            "string_too_long",
        ],
        "out_of_range",
    ),
}


def problem_of(kind: str) -> str:
    """The stable code for a pydantic error type; an extension's own codes stay what they are."""
    if kind in PROBLEMS:
        return kind
    if kind in _FROM_PYDANTIC:
        return _FROM_PYDANTIC[kind]
    if kind.endswith(("_type", "_parsing")):
        return "wrong_type"
    known_to_pydantic = kind.startswith(("string_", "date_", "int_", "decimal_", "value_", "assertion_"))
    return "invalid_value" if known_to_pydantic else kind


def problems_of(error: ValidationError, prefix: str = "") -> list[Problem]:
    """pydantic's errors as problems; `prefix` is a dotted path ending in a dot, or empty."""
    found = [
        {
            "path": ".".join([prefix.rstrip("."), *map(str, fault["loc"])]).lstrip("."),
            "problem": problem_of(fault["type"]),
        }
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    # pydantic also calls a list too short whose only entry is refused: the entry's own fault says more.
    return [
        fault
        for fault in found
        if fault["problem"] != "out_of_range"
        or not any(other["path"].startswith(f"{fault['path']}.") for other in found)
    ]


def parse_document(data: Mapping[str, Any]) -> ProgrammeDocument:
    """A document from JSON data. Raises InvalidDraft with `problems` in its details."""
    try:
        return ProgrammeDocument.model_validate(data)
    except ValidationError as error:
        raise InvalidDraft(problems=problems_of(error)) from error


def params_problems(
    params_of: ParamsOf, kind: str, code: str, data: Mapping[str, Any], path: str
) -> tuple[BaseModel | None, list[Problem]]:
    """An extension's parameters, parsed, or what is wrong with them. `path` is the entry's."""
    try:
        return params_of(kind, code, data), []
    except UnknownExtension:
        return None, [{"path": f"{path}.{kind}", "problem": "unknown_extension"}]
    except ValidationError as error:
        return None, problems_of(error, f"{path}.params.")


def doubles(values: Iterable[str]) -> list[int]:
    """Places of values that occurred before."""
    seen: set[str] = set()
    found = []
    for place, value in enumerate(values):
        if value in seen:
            found.append(place)
        seen.add(value)
    return found
