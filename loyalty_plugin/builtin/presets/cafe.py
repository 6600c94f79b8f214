"""A café: many small purchases, no returns; a draft only, never published by itself."""

from __future__ import annotations

from typing import Any

from loyalty_plugin.builtin.presets.scale import amount, minor_units


def document(currency: str) -> dict[str, Any]:
    """Two tiers by visits in a quarter; points count at once and live as long as one comes back."""
    return {
        "title": {"en": "Regulars", "de": "Stammgäste", "zh-hans": "常客俱乐部", "zh-hant": "常客俱樂部"},
        "tiers": [
            {
                "code": "guest",
                "name": {"en": "Guest", "de": "Gast", "zh-hans": "会员", "zh-hant": "會員"},
                "rank": 0,
            },
            {
                "code": "regular",
                "name": {"en": "Regular", "de": "Stammgast", "zh-hans": "常客", "zh-hant": "常客"},
                "rank": 1,
                "entry": [[{"metric": "orders", "at_least": 12}]],
                "keep": [[{"metric": "orders", "at_least": 8}]],
                "window": {"kind": "rolling", "months": 3},
                "lasts": {"kind": "for", "months": 3},
                "colour": "#5b3a29",
            },
        ],
        "earning": {
            "rules": [
                {"id": "amount", "rule": "amount", "params": {"points": "10", "per": amount(1, currency)}},
                {"id": "welcome", "rule": "welcome", "params": {"points": 100, "at": "first_order"}},
                {"id": "birthday", "rule": "birthday", "params": {"points": 400}},
                {
                    "id": "check-in",
                    "rule": "check_in",
                    "params": {"first": 2, "step": 1, "most": 8, "cycle": 7, "bonus": 20},
                },
            ],
            "multipliers": [
                {"id": "tier", "multiplier": "tier", "params": {"rates": {"regular": "1.25"}}},
                {
                    "id": "member-day",
                    "multiplier": "member_day",
                    "params": {"day": {"kind": "weekday", "weekday": "tue"}, "rate": "2"},
                },
            ],
            "combine_multipliers": "best",
            "caps": {"day": 5000},
        },
        "pending": {"starts": "none", "window_days": 0},
        "expiry": {"kind": "inactivity", "months": 6, "warn_days": 21},
        "negative": "write_off",
        "spend_counts": "payment",
        "hand_paid": "counts",
        "hand_paid_limit": minor_units(50, currency),
        "hand_paid_daily": minor_units(500, currency),
        "benefits": [
            {
                "text": {
                    "en": "Oat milk on the house",
                    "de": "Hafermilch aufs Haus",
                    "zh-hans": "免费换燕麦奶",
                },
                "tiers": ["regular"],
            }
        ],
    }
