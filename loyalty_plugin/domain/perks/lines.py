"""What a quote says of one line, and why a line has no member price; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from loyalty_plugin.domain.extensions import Taken


class WhyNot(StrEnum):
    """Why a line has no member price. The codes are public and never change meaning; extensions may add their own."""

    GUEST = "guest"
    MEMBERS_ONLY = "members_only"
    GIFT_CARD = "gift_card"
    GIFT_LINE = "gift_line"
    NO_PERK = "no_perk"
    OTHER_TIER = "other_tier"
    NOT_NOW = "not_now"
    PERK_UNAVAILABLE = "perk_unavailable"
    BUNDLE_INCOMPLETE = "bundle_incomplete"
    LIMIT_REACHED = "limit_reached"
    PROMOTION_BETTER = "promotion_better"
    PROMOTION_APART = "promotion_apart"
    VOUCHER_APART = "voucher_apart"
    FREE = "free"
    FLOOR = "floor"
    BELOW_FLOOR = "below_floor"
    THRESHOLD = "threshold"
    NO_EXACT_PRICE = "no_exact_price"


class Held(StrEnum):
    """What kept a member price from being lower."""

    FLOOR = "floor"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class QuotedPart:
    """One perk that took part in a price: its id in the version, its extension's code, and the price it left.

    `price` in minor units; where prices add up (`sum`), what it alone would have given. `pieces` of the line that it
    priced, None for all.
    """

    perk_id: str
    perk: str
    reason: str
    price: int
    data: Mapping[str, Any] = field(default_factory=dict)
    pieces: int | None = None


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What one line is to cost a member, per unit in minor units.

    `base` is what Saleor is to be told, None where nothing is (and what was told before is to be cleared):
    then the line keeps Saleor's own price. `unit_price` is what the customer is to be charged. `perk_id`, `reason` and
    `data` are of the first perk in `parts`, empty without a member price: then `why_not` says why (a `WhyNot`, or an
    extension's own code). `held`: what kept the price from being lower. `barred`: who asks may not buy it at all.
    """

    line_id: str
    unit_price: int
    base: int | None
    perk_id: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[QuotedPart, ...] = ()
    why_not: str = ""
    held: tuple[Held, ...] = ()
    barred: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """When and where lines are priced.

    `day` and `at` are in the programme's time zone. `apart`: each line is priced for itself and as one piece, as on a
    shelf; else they are one cart. `taken` and `read` are by the perk's id in the version: pieces bought before, and what
    a perk read beforehand. `voucher`: the code laid on the cart.
    """

    day: date
    channel: str = ""
    at: datetime | None = None
    currency: str = ""
    voucher: str = ""
    apart: bool = False
    taken: Mapping[str, Taken] = field(default_factory=dict)
    read: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
