"""The shop's only window on the membership plugin; no other module of the shop imports the plugin."""

from sandbox.shop.loyalty.membership import check_in, member_for, membership_page, signed_in, take_card
from sandbox.shop.loyalty.offers import apply_benefits, cards, member_prices, price_blocks
from sandbox.shop.loyalty.stake import points_at_stake

__all__ = [
    "apply_benefits",
    "cards",
    "check_in",
    "member_for",
    "member_prices",
    "membership_page",
    "points_at_stake",
    "price_blocks",
    "signed_in",
    "take_card",
]
