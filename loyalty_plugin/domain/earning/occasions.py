"""Makes the occasion that rules look at from facts and a version; decides nothing about points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from loyalty_plugin.domain.earning.basis import count_order
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.facts import MemberFact, OrderFact
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import CurrencyMismatch


def _as_of(member: MemberFact, day: date) -> MemberFact:
    """The member on this day: a birthday that staff changed is none until its year has passed."""
    if member.birthday_from is not None and day < member.birthday_from:
        return replace(member, birthday=None)
    return member


def order_occasion(
    version: ProgrammeVersion,
    order: OrderFact,
    member: MemberFact,
    *,
    at: datetime,
    extra: Mapping[str, Any] | None = None,
) -> Occasion:
    """An order that earns, at the instant it counts (aware). Raises CurrencyMismatch.

    It is decided for the whole order: of money paid by hand that does not count, the share is taken off afterwards,
    as of money that went back.
    """
    if order.currency != version.currency:
        raise CurrencyMismatch(left=order.currency, right=version.currency)
    counted = count_order(order, version.document.earning.basis)
    by_hand = (("by_hand", order.paid_by_hand),) if order.paid_by_hand else ()
    local = at.astimezone(version.zone)
    return Occasion(
        kind=OccasionKind.ORDER,
        at=local,
        day=local.date(),
        currency=version.currency,
        member=_as_of(member, local.date()),
        order=order,
        lines=counted.lines,
        basis=counted.total,
        left_out=counted.left_out + by_hand,
        channel=order.channel,
        extra=extra or {},
    )


def member_occasion(
    version: ProgrammeVersion,
    kind: OccasionKind,
    member: MemberFact,
    *,
    at: datetime,
    channel: str = "",
    streak: int = 0,
    earned_after: int = 0,
    extra: Mapping[str, Any] | None = None,
) -> Occasion:
    """Anything but an order: joining, a verified contact, a check-in, a birthday, a milestone."""
    local = at.astimezone(version.zone)
    return Occasion(
        kind=kind,
        at=local,
        day=local.date(),
        currency=version.currency,
        member=_as_of(member, local.date()),
        streak=streak,
        earned_after=earned_after,
        channel=channel,
        extra=extra or {},
    )
