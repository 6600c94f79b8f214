"""Price lists as they are: their prices for some variants, or all of them; reads only."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_plugin.domain.price_lists import Key
from loyalty_plugin.models.prices import ListedPrice, PriceList


def listed_prices(programme_id: int, code: str, variants: Sequence[str], channel: str) -> dict[str, int]:
    """Prices in minor units by variant, the channel's own before those of every channel. One query."""
    rows = ListedPrice.objects.filter(
        price_list__programme_id=programme_id,
        price_list__code=code,
        variant_id__in=variants,
        channel__in=("", channel),
    ).order_by("channel")
    # "" sorts first, so that a price of the channel overwrites it.
    return dict(rows.values_list("variant_id", "amount"))


def whole_list(price_list: PriceList) -> dict[Key, int]:
    """All prices of a list by variant and channel."""
    rows = price_list.prices.values_list("variant_id", "channel", "amount")
    return {(variant, channel): amount for variant, channel, amount in rows.iterator(chunk_size=10_000)}


def codes_of(programme_id: int) -> frozenset[str]:
    """The codes of a programme's lists."""
    return frozenset(PriceList.objects.filter(programme_id=programme_id).values_list("code", flat=True))
