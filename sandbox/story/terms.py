"""What the story's shop sells and promises, in numbers that one can check in one's head; pure data."""

from __future__ import annotations

from typing import Any

CHANNEL = "default-channel"
BUDGET = 250


def goods(shop_url: str) -> dict[str, Any]:
    """The shop as the stand-in's seed door takes it: tea without a member price, a kettle with one."""
    picture = [{"url": f"{shop_url}/static/shop/mark.svg", "alt": "A leaf"}]
    return {
        "channels": [
            {
                "slug": CHANNEL,
                "name": "Kiln & Leaf",
                "currency": "EUR",
                "country": "DE",
                "taxRate": "0.19",
                "pricesEnteredWithTax": True,
            }
        ],
        "categories": [{"slug": "tea", "name": "Tea"}, {"slug": "kitchen", "name": "Kitchen"}],
        "products": [
            {
                "slug": "tea-chest",
                "name": "Tea chest",
                "category": "tea",
                "images": picture,
                "variants": [
                    {"sku": "TEA", "name": "Tea chest", "prices": {CHANNEL: "100.00"}, "stock": 100}
                ],
            },
            {
                "slug": "kettle",
                "name": "Kettle",
                "category": "kitchen",
                "images": picture,
                "variants": [{"sku": "KETTLE", "name": "Kettle", "prices": {CHANNEL: "80.00"}, "stock": 100}],
            },
        ],
        "shippingMethods": [{"name": "Standard", "price": {CHANNEL: "4.90"}}],
    }


def document(kitchen_id: str) -> dict[str, Any]:
    """The programme. Member prices are for one category (its global id), so that the other orders are round."""
    return {
        "title": {"en": "The Circle"},
        "tiers": [
            {"code": "basic", "name": {"en": "Basic"}, "rank": 0},
            {
                "code": "premium",
                "name": {"en": "Premium"},
                "rank": 1,
                "entry": [[{"metric": "spend", "at_least": 250_00}]],
                "colour": "#35584b",
            },
            {
                "code": "vip",
                "name": {"en": "VIP"},
                "rank": 2,
                "entry": [[{"metric": "spend", "at_least": 5000_00}]],
            },
        ],
        "earning": {
            "rules": [
                {"id": "purchases", "rule": "amount", "params": {"points": "1", "per": "1"}},
                {"id": "welcome", "rule": "welcome", "params": {"points": 50, "at": "verified"}},
            ],
            "multipliers": [
                {
                    "id": "tiers",
                    "multiplier": "tier",
                    "params": {"rates": {"premium": "1.5", "vip": "2"}},
                },
                {
                    "id": "member-day",
                    "multiplier": "member_day",
                    "params": {"day": {"kind": "day_of_month", "day": 8}, "rate": "2"},
                },
                {
                    "id": "first-flush",
                    "multiplier": "campaign",
                    "params": {"rate": "3"},
                    "campaign": "first-flush",
                },
            ],
            "combine_multipliers": "best",
            "campaigns": [
                {
                    "code": "first-flush",
                    "name": {"en": "First flush"},
                    "budget": BUDGET,
                    "from_day": "2026-04-20",
                    "until_day": "2026-04-26",
                }
            ],
        },
        "pending": {"starts": "fulfilment", "window_days": 14},
        "expiry": {"kind": "after", "months": 6},
        "perks": [
            {
                "id": "kitchen-prices",
                "perk": "tier_discount",
                "params": {"rates": {"basic": 500, "premium": 1000}},
                "when": {"categories": [kitchen_id]},
            }
        ],
    }
