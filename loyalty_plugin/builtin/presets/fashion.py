"""A fashion shop: few large purchases, many returns, seasons; a draft only, never published by itself."""

from __future__ import annotations

from typing import Any

from loyalty_plugin.builtin.presets.scale import amount, minor_units


def document(currency: str) -> dict[str, Any]:
    """Three tiers by spend in twelve months; points wait until the return window has passed."""
    year = {"kind": "rolling", "months": 12}
    return {
        "title": {"en": "The club", "de": "Der Club", "zh-hans": "会员俱乐部", "zh-hant": "會員俱樂部"},
        "tiers": [
            {
                "code": "basic",
                "name": {"en": "Member", "de": "Mitglied", "zh-hans": "会员", "zh-hant": "會員"},
                "rank": 0,
            },
            {
                "code": "premium",
                "name": {"en": "Premium", "de": "Premium", "zh-hans": "高级会员", "zh-hant": "高級會員"},
                "rank": 1,
                "entry": [[{"metric": "spend", "at_least": minor_units(400, currency)}]],
                "keep": [[{"metric": "spend", "at_least": minor_units(300, currency)}]],
                "window": year,
                "lasts": {"kind": "for", "months": 12},
                "grace_days": 30,
                "step_down": "one",
                "colour": "#7a6a53",
            },
            {
                "code": "vip",
                "name": {"en": "VIP", "de": "VIP", "zh-hans": "贵宾", "zh-hant": "貴賓"},
                "rank": 2,
                "entry": [[{"metric": "spend", "at_least": minor_units(1200, currency)}]],
                "keep": [[{"metric": "spend", "at_least": minor_units(900, currency)}]],
                "window": year,
                "lasts": {"kind": "for", "months": 12},
                "grace_days": 30,
                "step_down": "one",
                "colour": "#1f2a37",
            },
        ],
        "earning": {
            "basis": {"tax": "included", "discounts": "after", "shipping": False},
            "rules": [
                {"id": "amount", "rule": "amount", "params": {"points": "1", "per": amount(1, currency)}},
                {"id": "welcome", "rule": "welcome", "params": {"points": 100, "at": "verified"}},
                {"id": "birthday", "rule": "birthday", "params": {"points": 200}},
            ],
            "multipliers": [
                {"id": "tier", "multiplier": "tier", "params": {"rates": {"premium": "1.2", "vip": "1.5"}}},
                {
                    "id": "member-day",
                    "multiplier": "member_day",
                    "params": {"day": {"kind": "day_of_month", "day": 8}, "rate": "2"},
                },
            ],
            "combine_multipliers": "best",
        },
        "pending": {"starts": "fulfilment", "window_days": 14},
        "expiry": {"kind": "end_of", "period": "quarter", "after": 8},
        "negative": "owe",
        "spend_counts": "window",
        "perks": [
            {
                "id": "member-price",
                "perk": "tier_discount",
                "params": {"rates": {"premium": 500, "vip": 1000}},
            }
        ],
        "benefits": [
            {
                "text": {
                    "en": "First look at new collections",
                    "de": "Neue Kollektionen zuerst",
                    "zh-hans": "新品优先选购",
                },
                "tiers": ["premium", "vip"],
            },
            {
                "text": {
                    "en": "Alterations at no charge",
                    "de": "Änderungen kostenlos",
                    "zh-hans": "免费修改",
                },
                "tiers": ["vip"],
            },
        ],
        "claims": {"days": 60, "orders": 5},
    }
