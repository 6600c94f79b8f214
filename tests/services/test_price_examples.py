"""Worked examples before publishing: what members of each tier pay now and then, on sale, and with a voucher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.queries.comparisons.prices import price_examples
from loyalty_plugin.queries.programmes import version_at
from tests import factories
from tests.factories import NOW


@pytest.mark.django_db
def test_a_draft_says_what_members_will_pay() -> None:
    plain = version_at(factories.programme().pk, NOW)
    tier = plain.document.tier_codes[-1]

    def version(number: int, off: int, **prices: Any) -> Any:
        perk = {"id": "p", "perk": "tier_discount", "params": {"rates": {tier: off}, "products": ["shirt"]}}
        every = {"id": "q", "perk": "tier_discount", "params": {"rates": {tier: off}}}
        document = factories.document(perks=[every, perk], prices=prices)
        return replace(plain, id=-number, document=parse_document(document))

    day = NOW.date()
    assert price_examples(plain, plain, day) == []
    old, new = version(1, 1000), version(2, 2000, vouchers="apart")
    found = [one for one in price_examples(old, new, day) if one.differs]
    assert [(one.everybody, one.before, one.after, one.with_voucher) for one in found] == [
        ("100.00 EUR", "90.00 EUR", "80.00 EUR", "90.00 EUR"),
        ("100.00 EUR", "90.00 EUR", "80.00 EUR", "90.00 EUR"),
    ]
    assert "on sale at 75.00 EUR" in price_examples(None, new, day)[len(new.document.ladder)].what
    assert {one.before for one in price_examples(None, new, day)} == {""}
