"""The example extension in a real decision: the tenth coffee is free, counted over orders, and says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import translation

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.cuts import full_caps
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.earning.resolved import resolve
from loyalty_plugin.queries.explanations.sentences import explain, explain_more
from tests.domain.earning_cases import AT, a_member, an_order, line, version_of

TERMS = {
    "rules": [
        {"id": "stamps", "rule": "stamp_card", "params": {"products": ["coffee"], "points": 35, "stamps": 10}}
    ]
}


def _decide(before: int, now: int):
    version = version_of(TERMS)
    terms = version.document.earning
    resolved = resolve(terms, registry.rules.get, registry.multipliers.get)
    assert resolved.counted_products == {"coffee"}
    order = an_order(line("a", 350 * now, product_id="coffee", quantity=now))
    member = replace(a_member(), pieces_before={"coffee": before})
    return decide(version, order_occasion(version, order, member, at=AT), full_caps(terms), resolved)


@pytest.mark.parametrize(
    ("before", "now", "points"),
    [(0, 9, 0), (0, 10, 35), (8, 1, 0), (9, 1, 35), (9, 11, 70), (19, 1, 35), (10, 9, 0), (-3, 9, 0)],
)
def test_every_tenth_coffee_is_free(before: int, now: int, points: int) -> None:
    assert _decide(before, now).points == points


def test_it_speaks_for_itself_in_several_languages() -> None:
    data = _decide(9, 1).explanation
    assert explain(data) == "35 points for 1 full stamp card(s)."
    with translation.override("de"):
        assert "für 1 volle Stempelkarte(n)" in explain(data)
    assert "3 more for the next full stamp card." in explain_more(_decide(5, 2).explanation)


def test_its_stored_rules_outlive_the_app_with_a_visible_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registry.rules._by_code, "stamp_card")
    version = version_of(TERMS)
    terms = version.document.earning
    resolved = resolve(terms, registry.rules.get, registry.multipliers.get)
    assert resolved.troubles == (("stamps", "stamp_card", "missing_extension"),)
    occasion = order_occasion(version, an_order(line("a", 350)), a_member(), at=AT)
    decision = decide(version, occasion, full_caps(terms), resolved)
    assert decision.points == 0
    assert explain_more(decision.explanation) == [
        "stamp_card: could not be asked, its extension was not installed."
    ]
