"""Member prices of what the shop itself has on its shelves, read from it for a whole answer at once; promises nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loyalty_plugin.domain.facts import ShelfFact
from loyalty_plugin.graphql.batches import Batch
from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.types.prices import PriceType, quoted
from loyalty_plugin.registry import ports


def variants(caller: Caller, channel: str) -> Batch[str, PriceType]:
    """Prices by variant, in one channel."""

    def load(ids: list[str]) -> Mapping[str, PriceType]:
        return _prices(caller, channel, ports.storefront.shelf(caller.realm(channel), channel, ids).values())

    return caller.batch(f"variants of {channel}", load)


def products(caller: Caller, channel: str) -> Batch[str, PriceType]:
    """Of each product, the price of the variant that costs the asker least, in one channel."""

    def load(ids: list[str]) -> Mapping[str, PriceType]:
        shelf = ports.storefront.shelf_of_products(caller.realm(channel), channel, ids)
        priced = _prices(caller, channel, (fact for facts in shelf.values() for fact in facts))
        found = {
            product_id: [priced[fact.variant_id] for fact in facts if fact.variant_id in priced]
            for product_id, facts in shelf.items()
        }
        return {product_id: min(options, key=_cost) for product_id, options in found.items() if options}

    return caller.batch(f"products of {channel}", load)


def _cost(price: PriceType) -> int:
    return (price.member_price or price.price).minor


def _prices(caller: Caller, channel: str, shelf: Iterable[ShelfFact]) -> dict[str, PriceType]:
    currency = caller.version(channel).currency
    lines = [fact.as_line() for fact in shelf if fact.currency == currency]
    return {str(price.variant_id): price for price in quoted(caller, channel, lines)}
