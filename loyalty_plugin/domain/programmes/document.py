"""The frozen version document: everything a programme promises from a date on, as data; decides nothing."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from loyalty_plugin.domain.earning.terms import EarningTerms
from loyalty_plugin.domain.fields import Ids, Terms, Text
from loyalty_plugin.domain.ledger import Shortfall
from loyalty_plugin.domain.lots import Expiry, Never
from loyalty_plugin.domain.paying.terms import PayingTerms
from loyalty_plugin.domain.perks.terms import PerkTerms, PriceTerms
from loyalty_plugin.domain.tiers.terms import TiersSettings, TierTerms
from loyalty_plugin.domain.values import MAX_AMOUNT


class Pending(Terms):
    """How long points are on the way: whole days from payment or fulfilment, or not at all."""

    starts: Literal["payment", "fulfilment", "none"] = "payment"
    window_days: int = Field(14, ge=0, le=730)


class Benefit(Terms):
    """Something a tier brings that is told, not computed; without tiers it is for every member."""

    text: Text
    tiers: Ids = frozenset()


class Claims(Terms):
    """Orders placed as a guest that a new member may have credited: as old as this, at most so many."""

    days: int = Field(0, ge=0, le=3660)
    orders: int = Field(10, ge=0, le=1000)


class CheckInWay(StrEnum):
    """How somebody checks in: by a button, or by logging in at the shop."""

    VISIT = "visit"
    LOGIN = "login"


class CheckIns(Terms):
    """The ways that count as the day's check-in: once a day, whichever comes first."""

    by: tuple[CheckInWay, ...] = Field((CheckInWay.VISIT, CheckInWay.LOGIN), min_length=1, max_length=2)


class ProgrammeDocument(Terms):
    """One version of a programme.

    `negative`: what happens when points must be taken back that are spent. `spend_counts`: when money counts
    towards a tier. `hand_paid`: whether money that staff declared as paid counts; so much of an order without a
    second person as `hand_paid_limit` says (minor units), and of all orders together within any 24 hours as
    `hand_paid_daily` says (without it: as much as of one order); more once one has confirmed it. `imported_from`: the
    first day (of the programme) of orders made by a bulk import that earn; without it none does. `closed_days`: so long
    points last after a customer's account was deleted. `returned_days`: so long points that were spent last when they
    come back after their own last day.
    """

    title: Text | None = None
    tiers: tuple[TierTerms, ...] = Field(min_length=1, max_length=50)
    earning: EarningTerms = EarningTerms()
    pending: Pending = Pending()
    expiry: Expiry = Never()
    negative: Shortfall = Shortfall.OWE
    spend_counts: Literal["payment", "fulfilment", "window"] = "payment"
    tier_settings: TiersSettings = TiersSettings()
    perks: tuple[PerkTerms, ...] = Field((), max_length=200)
    prices: PriceTerms = PriceTerms()
    benefits: tuple[Benefit, ...] = Field((), max_length=200)
    paying: PayingTerms = PayingTerms()
    closed_days: int = Field(90, ge=0, le=3660)
    returned_days: int = Field(30, ge=0, le=3660)
    hand_paid: Literal["counts", "left_out"] = "left_out"
    hand_paid_limit: int = Field(0, ge=0, le=MAX_AMOUNT)
    hand_paid_daily: int | None = Field(None, ge=0, le=MAX_AMOUNT)
    imported_from: date | None = None
    claims: Claims = Claims()
    check_ins: CheckIns = CheckIns()

    @cached_property
    def ladder(self) -> tuple[TierTerms, ...]:
        """The tiers, lowest first."""
        return tuple(sorted(self.tiers, key=lambda tier: tier.rank))

    @cached_property
    def tier_codes(self) -> tuple[str, ...]:
        """The tiers' codes, lowest first."""
        return tuple(tier.code for tier in self.ladder)

    def tier(self, code: str) -> TierTerms | None:
        """The tier of this code, None where this version has none."""
        return next((tier for tier in self.tiers if tier.code == code), None)

    def next_tier(self, code: str) -> TierTerms | None:
        """The tier above this one, None for the highest and for an unknown code."""
        if code not in self.tier_codes:
            return None
        above = self.tier_codes.index(code) + 1
        return self.ladder[above] if above < len(self.ladder) else None

    @property
    def hand_paid_a_day(self) -> int:
        """Money paid by hand that counts within 24 hours without a second person, of all orders; minor units."""
        return self.hand_paid_limit if self.hand_paid_daily is None else self.hand_paid_daily

    def as_data(self) -> dict[str, Any]:
        """JSON-able data that `parse_document` reads back to an equal document."""
        return self.model_dump(mode="json")
