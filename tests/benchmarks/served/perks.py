"""A perk that sends for nothing, known to the bench and to the server it starts; not part of the plugin."""

from __future__ import annotations

from typing import Any

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import ShippingMethod


class Ships:
    """Sends to everybody for nothing: a question about a checkout then has an answer."""

    code = "bench_ships"
    label = "Free sending"

    class Params(extensions.Params):
        """Nothing to choose."""

    def price(self, params: Any, line: Any, member: Any, day: Any) -> None:
        """Lowers no price."""

    def ships(self, params: Any, tier: str) -> ShippingMethod:
        return ShippingMethod("Free for members", 0, 3)


def register() -> None:
    """Once a process."""
    registry.perks.register(Ships)
