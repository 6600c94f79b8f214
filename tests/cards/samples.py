"""Cards without a database, for what only looks at how they are drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from loyalty_plugin.domain.cards.numbers import NumberScheme
from loyalty_plugin.domain.cards.tokens import CardToken, encode, public_key_of
from loyalty_plugin.queries.cards import CardView

PRIVATE = bytes(range(32))
PUBLIC = {1: public_key_of(PRIVATE)}
CARD = UUID("0f6ec1f7-7d2c-4f8f-9f2b-3f0c3a9a7a11")

DESIGN = {
    "brand": "Kiln & Leaf",
    "contact": ("Kiln & Leaf", "Lindenstraße 14, 10969 Berlin", "+49 30 1234 5678", "kiln-and-leaf.example"),
    "terms": "If found, please hand this card in at any of our shops. It stays our property.",
}

_BASE = CardView(
    id=CARD,
    number=NumberScheme().compose(8_339_125_338_365),
    token=encode(CardToken(1, CARD, date(2026, 11, 23)), PRIVATE),
    status="active",
    design="classic",
    issued_on=date(2026, 11, 23),
    ended_on=None,
    member_id=1,
    name="Ágnes Szűcs-Öztürk",
    language="en",
    member_since=date(2024, 3, 4),
    programme="Kiln & Leaf Circle",
    tier="leaf",
    tier_name="Leaf",
    tier_colour=None,
    rank=0,
    ranks=3,
)


def card(**changes: Any) -> CardView:
    """A card of the lowest of three tiers."""
    return replace(_BASE, **changes)
