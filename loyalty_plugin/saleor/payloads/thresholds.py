"""Makes minima that a cart can fall below out of promotions, vouchers and ways of sending as Saleor answers them.

What it does not understand it calls unknown; it never takes it for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty_plugin.domain.perks import CartDiscount, Sending
from loyalty_plugin.domain.values import parse_decimal
from loyalty_plugin.errors import InvalidAmount, InvalidInput
from loyalty_plugin.saleor.payloads.values import Json, instant, minor, money

#: A border: at least so much, at most so much (None: no end), in minor units.
Bounds = tuple[int, int | None]


class Unknown(Exception):
    """Something has a condition that this version does not understand."""


@dataclass(frozen=True, slots=True)
class Running:
    """A rule of a promotion on the order in one channel, and when it holds; `discounts` None: it is not understood."""

    starts_at: datetime
    ends_at: datetime | None
    discounts: tuple[CartDiscount, ...] | None

    def holds(self, now: datetime) -> bool:
        """Whether it runs at this instant."""
        return self.starts_at <= now and (self.ends_at is None or now <= self.ends_at)


def running(promotion: Json, channel: str, currency: str) -> list[Running]:
    """The promotion's rules in this channel."""
    starts = instant(promotion["startDate"])
    ends = instant(promotion["endDate"]) if promotion.get("endDate") else None
    return [
        Running(starts, ends, _discounts(rule, currency))
        for rule in promotion.get("rules") or ()
        if any(one["slug"] == channel for one in rule.get("channels") or ())
    ]


def sending(channel: Json | None, currency: str) -> tuple[Sending, ...]:
    """The ways of sending of the countries that were asked for."""
    found = []
    for country in (channel or {}).get("availableShippingMethodsPerCountry") or ():
        for one in country.get("shippingMethods") or ():
            top = one.get("maximumOrderPrice")
            found.append(
                Sending(
                    money(one["price"], currency),
                    money(one.get("minimumOrderPrice"), currency),
                    money(top, currency) if top else None,
                )
            )
    return tuple(found)


def voucher(nodes: Iterable[Json], code: str, channel: str, currency: str) -> CartDiscount | None:
    """The voucher of this code among those a search found, None where it can't be told which it is."""
    nodes = list(nodes)
    named = [one for one in nodes if code in {edge["node"]["code"] for edge in one["codes"]["edges"]}]
    # One with many codes shows only some of them.
    mine = named or nodes
    if len(mine) != 1:
        return None
    [node] = mine
    listing = next((one for one in node["channelListings"] or () if one["channel"]["slug"] == channel), None)
    if listing is None:
        return None
    minimum = money(listing.get("minSpent"), currency)
    if node["type"] != "ENTIRE_ORDER" or node["applyOncePerOrder"]:
        return CartDiscount(minimum, must_stay=True, lowers=node["type"] != "SHIPPING")
    return _worth(minimum, None, node["discountValueType"], listing["discountValue"], currency)


def _discounts(rule: Json, currency: str) -> tuple[CartDiscount, ...] | None:
    try:
        borders = _borders(rule.get("orderPredicate") or {}, currency)
    except (Unknown, InvalidAmount, InvalidInput):
        return None
    return tuple(
        CartDiscount(low, high, must_stay=True, lowers=rule.get("rewardType") != "GIFT")
        if rule.get("rewardType") != "SUBTOTAL_DISCOUNT"
        else _worth(low, high, rule.get("rewardValueType"), rule.get("rewardValue"), currency)
        for low, high in borders
    )


def _worth(low: int, high: int | None, kind: Any, value: Any, currency: str) -> CartDiscount:
    if kind == "FIXED" and value is not None:
        return CartDiscount(low, high, fixed=minor(value, currency))
    points = parse_decimal(value) * 100 if value is not None else Decimal("0.5")
    if kind == "PERCENTAGE" and points == int(points):
        return CartDiscount(low, high, off=int(points))
    return CartDiscount(low, high, must_stay=True)


def _borders(predicate: Any, currency: str) -> list[Bounds]:
    """Where a predicate holds, as ranges of the subtotal. Raises Unknown for any other condition."""
    if not isinstance(predicate, Mapping):
        raise Unknown
    found: list[Bounds] = [(0, None)]
    for name, value in predicate.items():
        if value in (None, [], {}):
            continue
        if name == "OR":
            several = [border for one in value for border in _borders(one, currency)]
        elif name == "AND":
            several = [(0, None)]
            for one in value:
                several = _both(several, _borders(one, currency))
        elif name == "discountedObjectPredicate":
            several = _borders(value, currency)
        elif name == "baseSubtotalPrice":
            several = [_range(value, currency)]
        else:
            raise Unknown
        found = _both(found, several)
    return found


def _both(these: list[Bounds], those: list[Bounds]) -> list[Bounds]:
    found = []
    for low, high in these:
        for least, most in those:
            ends = [end for end in (high, most) if end is not None]
            both = max(low, least), min(ends) if ends else None
            if both[1] is None or both[0] <= both[1]:
                found.append(both)
    return found


def _range(value: Any, currency: str) -> Bounds:
    if not isinstance(value, Mapping):
        raise Unknown
    given = {name: one for name, one in value.items() if one is not None}
    if set(given) == {"eq"}:
        return minor(given["eq"], currency), minor(given["eq"], currency)
    if (
        set(given) != {"range"}
        or not isinstance(given["range"], Mapping)
        or set(given["range"]) - {"gte", "lte"}
    ):
        raise Unknown
    low, high = given["range"].get("gte"), given["range"].get("lte")
    return (
        minor(low, currency) if low is not None else 0,
        minor(high, currency) if high is not None else None,
    )
