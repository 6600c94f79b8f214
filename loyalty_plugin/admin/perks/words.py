"""Labels, help and choices of parameters by their names; a parameter without words is called by its name."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

LABELS: Final[dict[str, Any]] = {
    "rates": _("Off, by tier (%)"),
    "off": _("Off (%)"),
    "amount": _("Off each piece"),
    "amounts": _("Price of sending, by tier"),
    "price": _("Price of the whole"),
    "prices": _("Sale prices"),
    "from_at": _("From"),
    "until_at": _("Until"),
    "pieces": _("Pieces in all"),
    "each_order": _("At most in an order"),
    "each_member": _("At most for a member"),
    "list": _("Price list"),
    "name": _("Name at the checkout"),
    "max_days": _("Arrives within days"),
    "rounding": _("Rounded"),
    "step": _("To whole smallest units"),
    "day": _("Member day"),
    "parts": _("Parts"),
    "title": _("The gift, as members read it"),
    "days": _("To take it within days"),
}

HELP: Final[dict[str, Any]] = {
    "rates": _("A tier without a number gets nothing by this perk."),
    "amounts": _("0 is free. A tier without a number gets no way of sending by this perk."),
    "prices": _("One to a line: SKU or variant id, then the price. Either these or a percentage."),
    "from_at": _("As the programme's clocks show it. Empty: it has begun."),
    "until_at": _("From then on it is over. Empty: it goes on."),
    "pieces": _("Of all products of the sale together. Empty: as many as there are."),
    "rounding": _("Empty: by the programme's rule."),
    "step": _("Empty: by the programme's rule."),
    "days": _("The birthday is the first of them."),
    "name": _("Customers read it beside the shop's own ways of sending."),
}

CHOICES: Final[dict[str, Any]] = {
    "down": _("Down, in the customer's favour"),
    "half_up": _("To the nearest"),
    "up": _("Up"),
}

#: What a perk does, in a line, where one is to be chosen.
DOES: Final[dict[str, Any]] = {
    "tier_discount": _("A percentage off for each tier, of everything or of chosen goods."),
    "percent_off": _("A percentage off for everybody who has the perk."),
    "amount_off": _("A fixed amount off each piece."),
    "member_day_prices": _("A percentage off by tier, on the member day only."),
    "member_sale": _("Sale prices for a while, for so many pieces."),
    "price_list": _("A price of its own for each product of a list."),
    "bundle": _("Several products together for one price."),
    "members_only": _("Goods that only those may buy who have the perk."),
    "birthday_gift": _("One piece of chosen goods, free, on the birthday."),
    "member_shipping": _("A way of sending of its own, free or cheaper."),
}
