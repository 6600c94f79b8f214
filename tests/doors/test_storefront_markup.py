"""What the shop's pages tell search engines: it keeps the rules of schema.org's vocabulary, and is the same for all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.doors.storefrontkit import OFFERS, RULES, render, shop, sign_in
from tests.factories import TIERS, member, programme

__all__ = ["shop"]
pytestmark = pytest.mark.django_db
VOCABULARY = json.loads((Path(__file__).parent / "data" / "schema_org.json").read_text())


def kinds(kind: str) -> set[str]:
    """A type and all it is a kind of."""
    return {kind}.union(*(kinds(above) for above in VOCABULARY["types"].get(kind, ())))


def breaches(node: dict[str, Any]) -> list[str]:
    """Where a node breaks the vocabulary: unknown types and terms, terms on the wrong type, values of a wrong one."""
    found = []
    kind = node.get("@type")
    if kind not in VOCABULARY["types"]:
        return [f"unknown type {kind}"]
    for term, value in node.items():
        if term.startswith("@"):
            continue
        rule = VOCABULARY["properties"].get(term)
        if rule is None or not kinds(kind) & set(rule["domains"]):
            found.append(f"{term} on {kind}")
            continue
        for one in value if isinstance(value, list) else [value]:
            found += [f"{term}: {told}" for told in breaches(one)] if isinstance(one, dict) else []
            if not fits(one, set(rule["ranges"])):
                found.append(f"{term} is {one!r}")
    return found


def fits(value: Any, ranges: set[str]) -> bool:
    if isinstance(value, dict):
        return bool(kinds(value.get("@type", "")) & ranges)
    members = {
        f"https://schema.org/{name}" for kind in ranges for name in VOCABULARY["members"].get(kind, ())
    }
    if members:
        return value in members
    if isinstance(value, str):
        return bool(ranges & {"Text", "URL"}) or (
            "Number" in ranges and re.fullmatch(r"\d+(\.\d+)?", value) is not None
        )
    return isinstance(value, int) and "Number" in ranges


def told(shown: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', shown, re.DOTALL)
    data: dict[str, Any] = json.loads(text)
    assert data.pop("@context") == "https://schema.org"
    return data


def test_the_programmes_markup_keeps_the_vocabularys_rules() -> None:
    programme(RULES)
    node = told(render("{% load loyalty %}{% loyalty_programme_markup %}"))
    assert breaches(node) == []
    assert [tier["name"] for tier in node["hasTiers"]] == [tier["name"]["en"] for tier in TIERS]
    assert node["hasTiers"][1]["hasTierRequirement"] == {
        "@type": "MonetaryAmount",
        "value": "300.00",
        "currency": "EUR",
    }
    assert len({tier["@id"] for tier in node["hasTiers"]}) == 3


def test_a_products_markup_has_what_each_tier_pays_and_is_the_same_for_all() -> None:
    of = member(programme(RULES))
    text = "{% load loyalty %}{% loyalty_offer_markup offers name='</script>&' url='/p/' %}"
    node = told(render(text, offers=OFFERS))
    assert breaches(node) == []
    assert (node["name"], node["url"]) == ("</script>&", "http://testserver/p/")
    first = node["offers"][0]
    assert [one["price"] for one in first["priceSpecification"]] == ["68.00", "64.60", "61.20"]
    tiers = {
        tier["@id"] for tier in told(render("{% load loyalty %}{% loyalty_programme_markup %}"))["hasTiers"]
    }
    assert {one["validForMemberTier"]["@id"] for one in first["priceSpecification"][1:]} < tiers
    sign_in(of)
    assert told(render(text, offers=OFFERS)) == node


@pytest.mark.parametrize(
    "wrong",
    [
        {"@type": "MemberProgramme"},
        {"@type": "MemberProgram", "price": "1.00"},
        {"@type": "MemberProgram", "hasTiers": [{"@type": "Offer"}]},
        {"@type": "MemberProgramTier", "hasTierBenefit": "points"},
        {"@type": "Offer", "price": {"@type": "Offer"}},
    ],
)
def test_the_rules_find_what_breaks_them(wrong: dict[str, Any]) -> None:
    assert breaches(wrong)
