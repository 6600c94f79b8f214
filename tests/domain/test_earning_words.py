"""Sentences that a reader would stumble over: one piece, a band from nothing, a multiplier that lost to another."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import formats, translation

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.earning.resolved import resolve
from loyalty_plugin.domain.values import Money, currency_exponent
from loyalty_plugin.queries.explanations.numbers import money_text, whole_text
from loyalty_plugin.queries.explanations.sentences import explain, explain_more
from tests.domain.earning_cases import AT, a_member, an_order, full_caps, line, version_of


def told(terms: dict[str, Any], quantity: int = 1, tier: str = "premium") -> tuple[str, list[str]]:
    version = version_of(terms)
    earning = version.document.earning
    resolved = resolve(earning, registry.rules.get, registry.multipliers.get)
    bought = an_order(line("a", 10_000, quantity=quantity, product_id="tea"))
    occasion = order_occasion(version, bought, a_member(tier=tier), at=AT)
    data = decide(version, occasion, full_caps(earning), resolved).explanation
    return explain(data), explain_more(data)


AMOUNT = {"id": "a", "rule": "amount", "params": {"points": 1, "per": "1.00"}}


def test_one_piece_and_several() -> None:
    rules = [{"id": "p", "rule": "product", "params": {"products": ["tea"], "points": 5}}]
    assert told({"rules": rules})[0] == "5 points for 1 chosen item at 5 points."
    assert told({"rules": rules}, 3)[0] == "15 points for 3 chosen items at 5 points each."


def test_a_band_from_nothing_is_a_plain_rate() -> None:
    bands = [{"from_amount": "0", "points": 1, "per": "1"}, {"from_amount": "50", "points": 2, "per": "1"}]
    low = {"rules": [{"id": "b", "rule": "bands", "params": {"bands": bands[:1]}}]}
    assert told(low)[0] == "100 points for 100.00 EUR at 1 point per 1.00 EUR."
    high = {"rules": [{"id": "b", "rule": "bands", "params": {"bands": bands}}]}
    assert told(high)[0].endswith("at 2 points per 1.00 EUR, the rate from 50.00 EUR on.")


def test_a_multiplier_that_lost_is_told_with_its_rate() -> None:
    day = {"kind": "weekday", "weekday": ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[AT.weekday()]}
    terms = {
        "rules": [AMOUNT],
        "multipliers": [
            {"id": "t", "multiplier": "tier", "params": {"rates": {"premium": "1.5"}}},
            {"id": "d", "multiplier": "member_day", "params": {"day": day, "rate": "2"}},
        ],
    }
    _sentence, more = told(terms)
    assert "×1.5 as Premium: another one gave more." in more


def test_a_campaign_that_had_not_begun_is_called_by_its_name() -> None:
    campaign = {"code": "tea", "name": {"en": "Tea week"}, "from_day": "2999-01-01"}
    multiplier = {"id": "c", "multiplier": "campaign", "params": {}, "campaign": "tea"}
    _sentence, more = told({"rules": [AMOUNT], "multipliers": [multiplier], "campaigns": [campaign]})
    assert "Tea week: had not begun." in more


@pytest.mark.parametrize("language", ["en", "de", "fr", "de-ch", "hi", "en-in", "pl", "ar", "zh-hans"])
def test_numbers_are_grouped_as_django_groups_them(language: str) -> None:
    with translation.override(language):
        for number in (0, 7, -7, 999, 1_000, -1_000, 1_234_567, 10**15):
            assert whole_text(number) == formats.number_format(number, force_grouping=True)
            for currency in ("EUR", "JPY", "KWD"):
                value, decimals = Money(number, currency).decimal, currency_exponent(currency)
                grouped = formats.number_format(value, decimal_pos=decimals, force_grouping=True)
                assert money_text(number, currency) == f"{grouped} {currency}"
