"""A perk that offers every member a way of sending of its own, as a shop might add; lowers no price."""

from __future__ import annotations

from typing import Any

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import ShippingMethod

#: What it is called at a checkout.
NAME = "Members' parcel"


@registry.perks.register
class Parcel:
    """Sends to every member for a euro."""

    code = "live_parcel"
    label = "Members' parcel"

    class Params(extensions.Params):
        """Nothing to choose."""

    def price(self, params: Any, line: Any, member: Any, day: Any) -> None:
        """Lowers no price."""

    def ships(self, params: Any, tier: str) -> ShippingMethod:
        return ShippingMethod(NAME, 100, 3)
