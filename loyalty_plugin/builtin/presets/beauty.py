"""A beauty shop: baskets of many small things, bought again and again; a draft only, never published by itself."""

from __future__ import annotations

from typing import Any

from loyalty_plugin.builtin.presets.scale import amount


def _tier(code: str, rank: int, points: int, name: dict[str, str], colour: str) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "rank": rank,
        "entry": [[{"metric": "qualifying", "at_least": points}]],
        "window": {"kind": "calendar", "period": "year"},
        "lasts": {"kind": "end_of", "period": "year", "after": 1},
        "step_down": "earned",
        "colour": colour,
    }


def document(currency: str) -> dict[str, Any]:
    """Four tiers by qualifying points in the calendar year, larger baskets earn more."""
    return {
        "title": {"en": "Glow circle", "de": "Glow-Kreis", "zh-hans": "美丽会", "zh-hant": "美麗會"},
        "tiers": [
            {
                "code": "pearl",
                "name": {"en": "Pearl", "de": "Perle", "zh-hans": "珍珠", "zh-hant": "珍珠"},
                "rank": 0,
            },
            _tier(
                "silver",
                1,
                200,
                {"en": "Silver", "de": "Silber", "zh-hans": "白银", "zh-hant": "白銀"},
                "#8a8f98",
            ),
            _tier(
                "gold", 2, 600, {"en": "Gold", "de": "Gold", "zh-hans": "黄金", "zh-hant": "黃金"}, "#a8853b"
            ),
            _tier(
                "black",
                3,
                1500,
                {"en": "Black", "de": "Schwarz", "zh-hans": "黑金", "zh-hant": "黑金"},
                "#17181c",
            ),
        ],
        "earning": {
            "rules": [
                {
                    "id": "basket",
                    "rule": "bands",
                    "params": {
                        "bands": [
                            {"from_amount": "0", "points": "1", "per": amount(1, currency)},
                            {
                                "from_amount": amount(60, currency),
                                "points": "1.25",
                                "per": amount(1, currency),
                            },
                            {
                                "from_amount": amount(120, currency),
                                "points": "1.5",
                                "per": amount(1, currency),
                            },
                        ]
                    },
                },
                {"id": "welcome", "rule": "welcome", "params": {"points": 50, "at": "verified"}},
                {
                    "id": "thousand",
                    "rule": "milestone",
                    "params": {
                        "mark": 1000,
                        "points": 100,
                        "benefit": {"en": "a set of minis", "de": "ein Set Minis", "zh-hans": "一套小样"},
                    },
                },
            ],
            "multipliers": [
                {
                    "id": "tier",
                    "multiplier": "tier",
                    "params": {"rates": {"silver": "1.1", "gold": "1.25", "black": "1.5"}},
                },
                {"id": "birthday", "multiplier": "birthday", "params": {"span": "month", "rate": "2"}},
                {
                    "id": "member-day",
                    "multiplier": "member_day",
                    "params": {"day": {"kind": "nth_weekday", "nth": 1, "weekday": "fri"}, "rate": "2"},
                },
            ],
            "combine_multipliers": "best",
            "qualifying": {"source": "base_points"},
        },
        "pending": {"starts": "payment", "window_days": 14},
        "expiry": {"kind": "after", "months": 18},
        "negative": "owe",
        "spend_counts": "payment",
        "perks": [
            {
                "id": "member-price",
                "perk": "tier_discount",
                "params": {"rates": {"gold": 500, "black": 1000}, "rounding": "half_up"},
            }
        ],
        "benefits": [
            {
                "text": {
                    "en": "A sample with every order",
                    "de": "Eine Probe zu jeder Bestellung",
                    "zh-hans": "每单赠小样",
                }
            },
            {
                "text": {
                    "en": "A consultation each season",
                    "de": "Eine Beratung je Saison",
                    "zh-hans": "每季一次美容咨询",
                },
                "tiers": ["gold", "black"],
            },
        ],
        "claims": {"days": 30, "orders": 3},
    }
