"""What a member would pay: quotes of lines by the version in force; reads only, promises nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from django.db.models import Q, Sum

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import Limited, Limits, Reading, Taken
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact, MemberFact
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.perks import (
    QuotedLine,
    ResolvedPerk,
    Setting,
    Thresholds,
    above_floors,
    for_whom_and_when,
    kept_for,
    never_dearer,
    quote,
    resolve_perks,
)
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.orders import PerkUse, PricePromise

#: A promise that ran out and was not taken back, for the shop could not be asked, holds limited pieces so much longer.
HELD_ON: Final = timedelta(hours=1)

_resolved: dict[int, tuple[object, tuple[ResolvedPerk, ...]]] = {}


def perks_of(version: ProgrammeVersion) -> tuple[ResolvedPerk, ...]:
    """The version's perks with their extensions looked up, once a process."""
    found = _resolved.get(version.id)
    if found is not None and found[0] is version.document:
        return found[1]
    answer = resolve_perks(version.document.perks, registry.perks.get)
    _resolved[version.id] = (version.document, answer)
    return answer


class Buyer(Protocol):
    """What perks look at in a member; a row of that table has it."""

    @property
    def pk(self) -> int: ...
    @property
    def tier(self) -> str: ...
    @property
    def joined_at(self) -> datetime: ...
    @property
    def birthday(self) -> date | None: ...
    @property
    def birthday_from(self) -> date | None: ...
    @property
    def verified_at(self) -> datetime | None: ...
    @property
    def labels(self) -> Sequence[str]: ...


def price_fact(member: Buyer, version: ProgrammeVersion) -> MemberFact:
    """A member as perks see one."""
    return MemberFact(
        member_id=member.pk,
        tier=member.tier,
        joined_on=local_day(member.joined_at, version.zone),
        birthday=member.birthday,
        birthday_from=member.birthday_from,
        verified=member.verified_at is not None,
        labels=frozenset(member.labels),
    )


def newcomer(version: ProgrammeVersion, now: datetime) -> MemberFact:
    """Somebody who joins now: in the lowest tier, with nothing yet. What a guest is told to expect."""
    return MemberFact(
        member_id=0, tier=version.document.tier_codes[0], joined_on=local_day(now, version.zone)
    )


def quote_lines(
    version: ProgrammeVersion,
    member: MemberFact | None,
    lines: Sequence[CheckoutLineFact],
    *,
    now: datetime,
    channel: str,
) -> tuple[QuotedLine, ...]:
    """What each product would cost this member (None: a guest) today as one piece on a shelf, in the order given.

    Unit prices in minor units. Constant in queries: none without price lists and limits.
    """
    setting = _setting(version, member, lines, now, channel, apart=True)
    return quote(lines, perks_of(version), member, setting, version.document.prices)


def quote_checkout(
    version: ProgrammeVersion,
    member: MemberFact | None,
    checkout: CheckoutFact,
    *,
    now: datetime,
    thresholds: Thresholds | None = None,
) -> tuple[QuotedLine, ...]:
    """What each line of a checkout is to cost this member (None: a guest), in the checkout's order.

    What other checkouts of theirs hold of a limited perk is counted, what this one holds is not. With the channel's
    `thresholds` no member price makes the cart dearer than a guest's, shipping included.
    """
    setting = _setting(
        version, member, checkout.lines, now, checkout.channel,
        voucher=checkout.voucher_code, checkout_id=checkout.checkout_id,
    )  # fmt: skip
    rule = version.document.prices
    quotes = quote(checkout.lines, perks_of(version), member, setting, rule)
    known = thresholds or Thresholds()
    quotes = above_floors(checkout.lines, quotes, known, rule)
    return never_dearer(checkout.lines, quotes, known, step=rule.step)


def kept_lines(
    version: ProgrammeVersion, lines: Sequence[CheckoutLineFact], *, now: datetime, channel: str
) -> dict[str, tuple[str, ...]]:
    """Of the lines that not everybody may buy, by id, the tiers that may, lowest first; none: chosen members. No query."""
    codes = version.document.tier_codes
    found = kept_for(lines, perks_of(version), codes, local_day(now, version.zone), channel)
    return {line_id: tuple(code for code in codes if code in tiers) for line_id, tiers in found.items()}


def _setting(
    version: ProgrammeVersion,
    member: MemberFact | None,
    lines: Sequence[CheckoutLineFact],
    now: datetime,
    channel: str,
    *,
    apart: bool = False,
    voucher: str = "",
    checkout_id: str = "",
) -> Setting:
    day = local_day(now, version.zone)
    limited = limits_of(version, member, channel, now)
    taken = taken_before(version.programme_id, limited, member.member_id, checkout_id, now) if member else {}
    read: dict[str, Any] = {}
    for entry in perks_of(version):
        if member is None or not for_whom_and_when(entry.terms, member, day, channel):
            continue
        if isinstance(entry.perk, Reading):
            variants = list(dict.fromkeys(line.variant_id for line in lines))
            read[entry.terms.id] = entry.perk.read(
                entry.params, variants, version.programme_id, channel, version.currency
            )
    return Setting(day, channel, now.astimezone(version.zone), version.currency, voucher, apart, taken, read)


def limits_of(
    version: ProgrammeVersion, member: MemberFact | None, channel: str, now: datetime
) -> dict[str, Limits]:
    """The limits of the perks this member has there and then, by the perk's id; a guest (None) has none."""
    if member is None:
        return {}
    day = local_day(now, version.zone)
    return {
        entry.terms.id: limits
        for entry, limits in _limited(version)
        if for_whom_and_when(entry.terms, member, day, channel)
    }


def all_limits(version: ProgrammeVersion) -> dict[str, Limits]:
    """The limits of all its perks, whoever has them, by the perk's id."""
    return {entry.terms.id: limits for entry, limits in _limited(version)}


def _limited(version: ProgrammeVersion) -> Iterator[tuple[ResolvedPerk, Limits]]:
    for entry in perks_of(version):
        if isinstance(entry.perk, Limited) and (limits := entry.perk.limits(entry.params)).some:
            yield entry, limits


def taken_before(
    programme_id: int, limited: Mapping[str, Limits], member_id: int, checkout_id: str, now: datetime
) -> dict[str, Taken]:
    """Pieces at these perks' prices that were bought, or are promised in other checkouts; one query, none for no perk."""
    if not limited:
        return {}
    status = PricePromise.Status
    of_all = [perk_id for perk_id, limits in limited.items() if limits.in_all is not None]
    mine = Q(member_id=member_id)
    rows = (
        PerkUse.objects.filter(
            Q(perk__in=of_all) | (Q(perk__in=list(limited)) & mine), programme_id=programme_id
        )
        .filter(
            Q(promise__status__in=(status.KEPT, status.BROKEN))
            | Q(promise__status__in=(status.PROMISED, status.APPLIED), promise__valid_until__gt=now - HELD_ON)
        )
        .exclude(promise__checkout_id=checkout_id)
        .values("perk")
        .annotate(by_all=Sum("pieces"), by_me=Sum("pieces", filter=mine, default=0))
        .values_list("perk", "by_all", "by_me")
    )
    found = {perk_id: Taken(of_everybody, own) for perk_id, of_everybody, own in rows}
    return {perk_id: found.get(perk_id, Taken()) for perk_id in limited}
