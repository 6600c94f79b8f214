"""What a member would pay: quotes of lines by the version in force; reads only, promises nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty_plugin import registry
from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.perks import QuotedLine, ResolvedPerk, quote, resolve_perks
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.members import Member

_resolved: dict[int, tuple[object, tuple[ResolvedPerk, ...]]] = {}


def perks_of(version: ProgrammeVersion) -> tuple[ResolvedPerk, ...]:
    """The version's perks with their extensions looked up, once a process."""
    found = _resolved.get(version.id)
    if found is not None and found[0] is version.document:
        return found[1]
    answer = resolve_perks(version.document.perks, registry.perks.get)
    _resolved[version.id] = (version.document, answer)
    return answer


def price_fact(member: Member, version: ProgrammeVersion) -> MemberFact:
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
    member: MemberFact,
    lines: Sequence[CheckoutLineFact],
    *,
    now: datetime,
    channel: str,
) -> tuple[QuotedLine, ...]:
    """What each line would cost this member today, in the order given; unit prices in minor units."""
    return quote(lines, perks_of(version), member, local_day(now, version.zone), channel)
