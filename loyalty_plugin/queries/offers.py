"""What a member would pay: quotes of lines by the version in force; reads only, promises nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

from django.db.models import F, IntegerField, Q, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import Limited, Reading, Taken
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact, MemberFact
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.perks import (
    QuotedLine,
    ResolvedPerk,
    Setting,
    Thresholds,
    for_whom_and_when,
    never_dearer,
    quote,
    resolve_perks,
)
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.orders import PricePromise

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
    return never_dearer(checkout.lines, quotes, thresholds or Thresholds(), step=rule.step)


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
    taken: dict[str, Taken] = {}
    read: dict[str, Any] = {}
    for entry in perks_of(version):
        if member is None or not for_whom_and_when(entry.terms, member, day, channel):
            continue
        if isinstance(entry.perk, Limited) and entry.perk.limited(entry.params):
            taken[entry.terms.id] = _taken(version, entry.terms.id, member.member_id, checkout_id, now)
        if isinstance(entry.perk, Reading):
            variants = list(dict.fromkeys(line.variant_id for line in lines))
            read[entry.terms.id] = entry.perk.read(
                entry.params, variants, version.programme_id, channel, version.currency
            )
    return Setting(day, channel, now.astimezone(version.zone), version.currency, voucher, apart, taken, read)


def _taken(version: ProgrammeVersion, perk_id: str, member_id: int, checkout_id: str, now: datetime) -> Taken:
    """Pieces at a perk's price, of orders and of promises that still hold elsewhere; one query."""
    status = PricePromise.Status
    pieces = Coalesce(
        Cast(KeyTextTransform("pieces", KeyTransform("data", "reason")), IntegerField()), F("quantity")
    )
    sums = (
        PricePromise.objects.filter(version__programme_id=version.programme_id, reason__perk=perk_id)
        .filter(
            Q(status__in=(status.KEPT, status.BROKEN))
            | Q(status__in=(status.PROMISED, status.APPLIED), valid_until__gt=now)
        )
        .exclude(checkout_id=checkout_id)
        .aggregate(all=Sum(pieces), mine=Sum(pieces, filter=Q(member_id=member_id)))
    )
    return Taken(sums["all"] or 0, sums["mine"] or 0)
