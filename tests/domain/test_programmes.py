"""Version documents: read back as written, and every kind of bad draft gets its place and its stable code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from loyalty_plugin import registry
from loyalty_plugin.builtin.presets import PRESETS, preset
from loyalty_plugin.domain.earning.terms import Basis
from loyalty_plugin.domain.programmes.check import check_document
from loyalty_plugin.domain.programmes.parse import PROBLEMS, parse_document
from loyalty_plugin.domain.tiers.problems import problems as tier_problems
from loyalty_plugin.errors import InvalidDraft, NotFound
from tests.domain.earning_cases import ONE_PER_EURO, TIERS

_KINDS: dict[str, registry.Registry[Any]] = {
    "rule": registry.rules,
    "multiplier": registry.multipliers,
    "perk": registry.perks,
}


def params_of(kind: str, code: str, data: Mapping[str, Any]) -> BaseModel:
    parsed: BaseModel = _KINDS[kind].get(code).Params.model_validate(data)
    return parsed


def problems(
    earning: Mapping[str, Any], *, currency: str = "EUR", channels: set[str] | None = None, **document: Any
) -> set[tuple[str, str]]:
    found = check_document(
        parse_document({"tiers": TIERS, "earning": earning, **document}),
        currency=currency,
        starts_on=date(2026, 6, 1),
        params_of=params_of,
        occasions_of=lambda code: registry.rules.get(code).occasions,
        channels=channels,
    )
    return {(problem["path"], problem["problem"]) for problem in found}


def _rule(**changes: Any) -> dict[str, Any]:
    return {"rules": [{**ONE_PER_EURO, **changes}]}


def _refused(data: Mapping[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(InvalidDraft) as refused:
        parse_document(data)
    assert refused.value.code == "invalid_draft"
    found: Any = refused.value.details["problems"]
    return {(problem["path"], problem["problem"]) for problem in found}


def test_the_smallest_document() -> None:
    document = parse_document({"tiers": TIERS[:1]})
    assert parse_document(document.as_data()) == document
    assert document.tier_codes == ("basic",)
    assert document.next_tier("basic") is None
    assert document.earning.basis == Basis()


def test_the_ladder() -> None:
    document = parse_document({"tiers": list(reversed(TIERS))})
    assert document.tier_codes == ("basic", "premium", "vip")
    above = document.next_tier("premium")
    assert above is not None
    assert above.code == "vip"
    assert document.next_tier("gone") is None
    assert document.tier("gone") is None


@pytest.mark.parametrize("code", sorted(PRESETS))
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD", "CNY"])
def test_presets_are_complete_and_without_fault(code: str, currency: str) -> None:
    data = preset(code).build(currency)
    document = parse_document(data)
    assert parse_document(document.as_data()) == document
    assert check_document(document, currency=currency, starts_on=date(2026, 6, 1), params_of=params_of) == []
    assert tier_problems(document.tiers, document.tier_settings) == []
    rules = {rule.rule for rule in document.earning.rules}
    factors = {factor.multiplier for factor in document.earning.multipliers}
    assert "welcome" in rules
    assert {"tier", "member_day"} <= factors
    assert "birthday" in rules | factors
    assert len(document.tiers) >= 2
    assert document.expiry.kind != "never"
    assert all({"en", "de", "zh-hans"} <= set(tier.name) for tier in document.tiers)


def test_there_are_three_presets_and_others_are_not_found() -> None:
    assert set(PRESETS) == {"fashion", "cafe", "beauty"}
    with pytest.raises(NotFound):
        preset("bakery")


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        ({"tiers": []}, "tiers", "out_of_range"),
        ({"surprise": 1}, "surprise", "unknown_field"),
        ({"tiers": [{"code": "basic", "rank": 0}]}, "tiers.0.name", "missing"),
        ({"tiers": [{**TIERS[0], "rank": "zero"}]}, "tiers.0.rank", "wrong_type"),
        ({"expiry": {"kind": "sometimes"}}, "expiry", "not_one_of"),
        ({"expiry": {}}, "expiry", "missing"),
        ({"negative": "forget"}, "negative", "not_one_of"),
        ({"pending": {"window_days": -1}}, "pending.window_days", "out_of_range"),
        ({"pending": {"window_days": "soon"}}, "pending.window_days", "wrong_type"),
        ({"earning": {"caps": {"day": 1.5}}}, "earning.caps.day", "wrong_type"),
        ({"earning": {"caps": {"day": True}}}, "earning.caps.day", "wrong_type"),
        ({"earning": {"caps": {"day": 10**12}}}, "earning.caps.day", "out_of_range"),
        ({"earning": {"combine": "random"}}, "earning.combine", "not_one_of"),
        ({"earning": {"rules": [{"id": "A B", "rule": "amount"}]}}, "earning.rules.0.id", "invalid_value"),
        ({"earning": {"qualifying": {"per": 0.5}}}, "earning.qualifying.per", "not_exact"),
        ({"earning": {"qualifying": {"per": "NaN"}}}, "earning.qualifying.per", "invalid_amount"),
        ({"earning": {"qualifying": {"per": "-1"}}}, "earning.qualifying.per", "invalid_amount"),
        ({"earning": {"qualifying": {"per": "1e40"}}}, "earning.qualifying.per", "invalid_amount"),
        ({"earning": {"qualifying": {"per": "0"}}}, "earning.qualifying.per", "not_positive"),
        (
            {"earning": _rule(when={"from_day": "2026-02-30"})},
            "earning.rules.0.when.from_day",
            "wrong_type",
        ),
        (
            {"earning": _rule(when={"from_day": "9999-01-01"})},
            "earning.rules.0.when.from_day",
            "out_of_range",
        ),
        ({"earning": _rule(when={"weekdays": ["noday"]})}, "earning.rules.0.when.weekdays.0", "not_one_of"),
        ({"title": {"en": " "}}, "title", "empty_text"),
        ({"title": {"in English": "x"}}, "title", "not_a_language"),
        (
            {"earning": {"campaigns": [{"code": "c", "name": {"en": "C"}, "budget": 0}]}},
            "earning.campaigns.0.budget",
            "out_of_range",
        ),
    ],
)
def test_bad_fields(change: dict[str, Any], path: str, problem: str) -> None:
    assert (path, problem) in _refused({"tiers": TIERS, **change})
    assert problem in PROBLEMS


CAMPAIGN = {"code": "spring", "name": {"en": "Spring"}, "budget": 100}
RULE = "earning.rules.0"


@pytest.mark.parametrize(
    ("earning", "document", "path", "problem"),
    [
        (_rule(rule="gone"), {}, f"{RULE}.rule", "unknown_extension"),
        (_rule(params={"per": 0}), {}, f"{RULE}.params.per", "not_positive"),
        (_rule(params={"points": 1.5}), {}, f"{RULE}.params.points", "not_exact"),
        (_rule(params={"points": "9999999"}), {}, f"{RULE}.params.points", "out_of_range"),
        (_rule(params={"colour": "red"}), {}, f"{RULE}.params.colour", "unknown_field"),
        (_rule(params={"per": "0.001"}), {}, f"{RULE}.params.per", "wrong_decimals"),
        (_rule(campaign="autumn"), {}, f"{RULE}.campaign", "unknown_campaign"),
        (_rule(when={"tiers": ["gold"]}), {}, f"{RULE}.when.tiers", "unknown_tier"),
        (_rule(when={"channels": ["moon"]}), {}, f"{RULE}.when.channels", "unknown_channel"),
        (
            _rule(when={"from_day": "2026-07-02", "until_day": "2026-07-01"}),
            {},
            f"{RULE}.when.until_day",
            "end_before_start",
        ),
        (_rule(when={"until_day": "2026-05-31"}), {}, f"{RULE}.when.until_day", "over_before_start"),
        (
            _rule(when={"from_day": "2026-06-15", "until_day": "2026-06-17", "weekdays": ["sun"]}),
            {},
            f"{RULE}.when.weekdays",
            "days_never_meet",
        ),
        (
            {
                **_rule(campaign="spring", when={"until_day": "2026-06-30"}),
                "campaigns": [{**CAMPAIGN, "from_day": "2026-07-01"}],
            },
            {},
            f"{RULE}.campaign",
            "days_never_meet",
        ),
        ({"rules": [ONE_PER_EURO, ONE_PER_EURO]}, {}, "earning.rules.1.id", "duplicate_id"),
        ({**_rule(), "campaigns": [CAMPAIGN]}, {}, "earning.campaigns.0.code", "unused_campaign"),
        (
            {**_rule(campaign="spring"), "campaigns": [CAMPAIGN, CAMPAIGN]},
            {},
            "earning.campaigns.1.code",
            "duplicate_id",
        ),
        ({**_rule(), "caps": {"day": 0}}, {}, "earning.caps.day", "cap_is_zero"),
        ({**_rule(), "caps": {"order": 100, "day": 50}}, {}, "earning.caps.order", "cap_above_wider_cap"),
        (
            {"rules": [{"id": "w", "rule": "welcome", "params": {"points": 500}}], "caps": {"day": 100}},
            {},
            f"{RULE}.params.points",
            "cap_below_award",
        ),
        (
            {"rules": [{"id": "w", "rule": "welcome", "params": {"points": 5}, "when": {"products": ["p"]}}]},
            {},
            f"{RULE}.when",
            None,
        ),
        (
            {
                "rules": [
                    {"id": "b", "rule": "birthday", "params": {"points": 5}, "when": {"products": ["p"]}}
                ]
            },
            {},
            f"{RULE}.when",
            "lines_never_come",
        ),
        (
            _rule(
                rule="bands",
                params={"bands": [{"from_amount": 9, "points": 1}, {"from_amount": 3, "points": 2}]},
            ),
            {},
            f"{RULE}.params",
            "bands_unordered",
        ),
        (
            _rule(
                rule="bands",
                params={
                    "bands": [{"from_amount": 1, "points": 1}, {"from_amount": 3, "points": 2, "per": 1}]
                },
            ),
            {},
            f"{RULE}.params",
            "bands_mixed",
        ),
        (_rule(rule="check_in", params={"bonus": 5}), {}, f"{RULE}.params", "params_contradict"),
        (_rule(rule="milestone", params={"mark": 5}), {}, f"{RULE}.params.points", "params_contradict"),
        (
            {**_rule(), "multipliers": [{"id": "t", "multiplier": "tier", "params": {"rates": {"gold": 2}}}]},
            {},
            "earning.multipliers.0.params.rates.gold",
            "unknown_tier",
        ),
        (
            _rule(),
            {"perks": [{"id": "p", "perk": "tier_discount", "params": {"rates": {"gold": 500}}}]},
            "perks.0.params.rates.gold",
            "unknown_tier",
        ),
        (
            _rule(),
            {"perks": [{"id": "p", "perk": "tier_discount", "params": {"rates": {"vip": 10_000}}}]},
            "perks.0.params.rates.vip",
            "out_of_range",
        ),
        (_rule(), {"perks": [{"id": "p", "perk": "gone"}]}, "perks.0.perk", "unknown_extension"),
        (
            {**_rule(), "qualifying": {"source": "amount"}},
            {},
            "earning.qualifying.per",
            "qualifying_without_amount",
        ),
        (
            _rule(),
            {"tiers": [TIERS[0], {**TIERS[1], "entry": [[{"metric": "qualifying", "at_least": 5}]]}]},
            "tiers.1.entry",
            "tier_needs_qualifying",
        ),
        (
            _rule(),
            {"benefits": [{"text": {"en": "x"}, "tiers": ["gold"]}]},
            "benefits.0.tiers",
            "unknown_tier",
        ),
    ],
)
def test_contradictions(
    earning: dict[str, Any], document: dict[str, Any], path: str, problem: str | None
) -> None:
    found = problems(earning, channels={"web"}, **document)
    if problem is None:
        assert not any(where == path for where, _ in found)
    else:
        assert found == {(path, problem)}
        assert problem in PROBLEMS


@pytest.mark.parametrize(("currency", "per"), [("JPY", "0.5"), ("EUR", "0.125"), ("KWD", "0.0005")])
def test_amounts_have_the_decimals_of_the_currency(currency: str, per: str) -> None:
    assert problems(_rule(params={"per": per}), currency=currency) == {
        (f"{RULE}.params.per", "wrong_decimals")
    }


def test_a_version_is_frozen() -> None:
    document = parse_document({"tiers": TIERS})
    with pytest.raises(ValidationError):
        document.negative = "refuse"  # type: ignore[assignment,misc]


def test_every_problem_is_listed_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "extensions.md").read_text()
    listed = dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", text, re.MULTILINE))
    assert {code: words for code, words in listed.items() if code in PROBLEMS} == PROBLEMS
