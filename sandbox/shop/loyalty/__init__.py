"""What the shop tells the plugin of its visitors, goods and carts, and where it asks for benefits; the plugin decides."""

from sandbox.shop.loyalty.benefits import apply_benefits
from sandbox.shop.loyalty.goods import ProductCard, cards, cart_at_stake, line_notes, offers, price_blocks
from sandbox.shop.loyalty.people import customer, member_for, signed_in

__all__ = [
    "ProductCard",
    "apply_benefits",
    "cards",
    "cart_at_stake",
    "customer",
    "line_notes",
    "member_for",
    "offers",
    "price_blocks",
    "signed_in",
]
