"""Says before publishing who would lose a tier or get one by a draft; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.preview import compare
from loyalty_plugin.domain.tiers.versions import TierVersion
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.tiers import history_of, tier_versions

#: Members judged at once; memory stays flat whatever the programme's size.
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Move:
    """Members who would go from one tier to another."""

    before: str
    after: str
    members: int


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing would do to tiers: moves, most members first, and how many members were looked at."""

    moves: tuple[Move, ...]
    looked_at: int
    #: Names of benefits and perks that the version in force has and the draft has not.
    ended_perks: tuple[str, ...]


def preview(
    actor: Actor, draft: ProgrammeVersion, *, starts_at: datetime, limit: int = 20_000
) -> Publication:
    """Judge members by the draft as it would stand on its first day, at most `limit` of them."""
    require(actor, Operation.EDIT_PROGRAMME)
    versions = versions_of(draft.programme_id)
    if not versions.all:
        return Publication((), 0, ())
    zone = versions.all[0].zone
    ready = tier_versions(versions)
    settings = draft.document.tier_settings
    would_be = TierVersion(
        local_day(starts_at, zone),
        draft.document.tiers,
        re_evaluate=settings.re_evaluate,
        settings=settings,
    )
    counts: dict[tuple[str, str], int] = {}
    looked_at, after = 0, 0
    while looked_at < limit:
        members = list(
            Member.objects.filter(programme_id=draft.programme_id, pk__gt=after, joined_at__lte=starts_at)
            .exclude(status=Member.Status.ERASED)
            .order_by("pk")[:_BATCH]
        )
        if not members:
            break
        after, looked_at = members[-1].pk, looked_at + len(members)
        history = history_of([member.pk for member in members], would_be.from_day)
        for member in members:
            joined_on = local_day(member.joined_at, zone)
            effect = compare(history.facts[member.pk], history.grants[member.pk], ready, would_be, joined_on)
            if effect is not None and effect.before.tier != effect.after.tier:
                key = (effect.before.tier, effect.after.tier)
                counts[key] = counts.get(key, 0) + 1
    in_force = versions.at(starts_at).document
    kept = {perk.id for perk in draft.document.perks}
    moves = sorted(counts.items(), key=lambda item: -item[1])
    return Publication(
        tuple(Move(before, then, number) for (before, then), number in moves),
        looked_at,
        tuple(perk.id for perk in in_force.perks if perk.id not in kept),
    )
