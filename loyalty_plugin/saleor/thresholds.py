"""Reads the minima of a channel that a cart can fall below, and keeps them for five minutes; decides nothing with them.

The shop's cache holds them for all its processes. Saleor tells us no event of promotions or vouchers: that would need
another subscription for something that is right again within minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from django.core.cache import cache

from loyalty_plugin.domain.perks import CartDiscount, Sending, Thresholds
from loyalty_plugin.errors import InvalidAmount, InvalidInput, SaleorError
from loyalty_plugin.saleor.payloads import thresholds as payloads
from loyalty_plugin.saleor.payloads.thresholds import Running

#: Seconds that what was read counts. A promotion that begins meanwhile is found that much later.
LIFETIME: Final = 300
#: Seconds after which a Saleor that refused is asked again: somebody may just have granted it.
REFUSED: Final = 30
_PAGES: Final = 20

Call = Callable[..., Mapping[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    currency: str
    sending: tuple[Sending, ...]
    rules: tuple[Running, ...]


def thresholds(
    call: Call, realm: str, channel: str, *, country: str, voucher: str, now: datetime
) -> Thresholds:
    """The minima for carts sent to this country with this voucher (empty: none). Unknown where Saleor refuses to tell.

    Raises TryLater where Saleor does not answer.
    """
    known = _kept(_key(realm, channel, country), lambda: _read(call, realm, channel, country))
    if known is None:
        return Thresholds(unknown=True)
    code = None
    if voucher:
        key = _key(realm, channel, "voucher", voucher)
        code = _kept(key, lambda: _voucher(call, realm, channel, voucher, known.currency))
    rules = [rule.discounts for rule in known.rules if rule.holds(now)]
    return Thresholds(
        promotions=tuple(one for rule in rules for one in rule or ()),
        voucher=code,
        sending=known.sending,
        unknown=(bool(voucher) and code is None) or any(rule is None for rule in rules),
    )


def _key(*parts: str) -> str:
    return "loyalty:thresholds:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _kept(key: str, read: Callable[[], T | None]) -> T | None:
    """What is in the cache, else what is read; None where it could not be told."""
    found = cache.get(key)
    if found is not None:
        held: T | None = found[0]
        return held
    try:
        made = read()
    except (SaleorError, InvalidInput, InvalidAmount):
        made = None
    cache.set(key, (made,), LIFETIME if made is not None else REFUSED)
    return made


def _read(call: Call, realm: str, channel: str, country: str) -> _Known | None:
    """None for a channel that is gone, and where there are more promotions than anybody has."""
    rules: list[Running] = []
    after: str | None = None
    for _page in range(_PAGES):
        countries = [country] if country else None
        data = call(realm, "thresholds", channel=channel, countries=countries, after=after)
        if data["channel"] is None:
            return None
        currency = data["channel"]["currencyCode"]
        for edge in data["promotions"]["edges"]:
            rules += payloads.running(edge["node"], channel, currency)
        info = data["promotions"]["pageInfo"]
        if not info["hasNextPage"]:
            return _Known(currency, payloads.sending(data["channel"], currency), tuple(rules))
        after = info["endCursor"]
    return None


def _voucher(call: Call, realm: str, channel: str, code: str, currency: str) -> CartDiscount | None:
    found = call(realm, "voucher_minimum", channel=channel, code=code)["vouchers"]
    if found["pageInfo"]["hasNextPage"]:
        return None
    return payloads.voucher((edge["node"] for edge in found["edges"]), code, channel, currency)
