"""Reckons before publishing who would lose a tier or a benefit by a draft, and keeps the answer; changes no member.

A preview belongs to exactly the rules, the first day and the earlier versions it was reckoned for: `digest`.
Small programmes are reckoned while somebody waits, large ones by a job, batch by batch, over any kill.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.preview import Effect, compare
from loyalty_plugin.domain.tiers.versions import TierVersion
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.previews import DraftPreview, PreviewLine
from loyalty_plugin.models.programmes import ProgrammeVersion as VersionRow
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.comparisons.benefits import Ladder
from loyalty_plugin.queries.programmes import Versions, version_by_id, versions_of
from loyalty_plugin.queries.tiers import history_of, tier_versions
from loyalty_plugin.services import audit

#: Programmes of up to so many members are reckoned at once, in about a second.
AT_ONCE: Final = 1_000
#: Members judged in one transaction; memory stays flat whatever the programme's size.
_BATCH: Final = 1_000
#: Lines of replaced previews that are taken away in one statement.
_AWAY: Final = 20_000
_WAYS: Final = ("kept", "at_once")


def digest_of(draft: ProgrammeVersion, versions: Versions, first_day: date) -> str:
    """What a preview stands for. Whether earned tiers are kept is left out, since both are reckoned."""
    data = draft.document.as_data()
    data["tier_settings"].pop("re_evaluate")
    known = [data, first_day.isoformat(), [version.id for version in versions.all]]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def look(
    actor: Actor, *, version_id: int, starts_at: datetime, now: datetime, again: bool = False
) -> DraftPreview | None:
    """The preview of a draft for the day of `starts_at`; begun if there is none, or anew where `again`.

    None where no version was ever published: nobody has a tier to lose. Raises UnknownProgramme, InvalidDraft.
    """
    require(actor, Operation.EDIT_PROGRAMME)
    draft = version_by_id(version_id)
    versions = versions_of(draft.programme_id)
    if not versions.all:
        return None
    first_day = local_day(starts_at, draft.zone)
    digest = digest_of(draft, versions, first_day)
    with transaction.atomic():
        VersionRow.objects.select_for_update(no_key=True).get(pk=version_id)
        found = _newest(version_id, digest)
        if found is not None and not (again and found.status == DraftPreview.Status.READY):
            return found
        DraftPreview.objects.filter(version_id=version_id).update(status=DraftPreview.Status.OBSOLETE)
        members = _members(draft)
        made = DraftPreview.objects.create(
            version_id=version_id,
            digest=digest,
            first_day=first_day,
            created_at=now,
            total=members.count(),
            moves={way: {} for way in _WAYS},
            losing=dict.fromkeys(_WAYS, 0),
        )
        if made.total > AT_ONCE:
            jobs.enqueue(jobs.PREVIEWS)
    if made.total <= AT_ONCE:
        while _reckon(made.pk, now):
            pass
        made.refresh_from_db()
    return made


def ready(draft: ProgrammeVersion, starts_at: datetime) -> DraftPreview | None:
    """The finished preview of exactly this draft on that first day; None where it is not there."""
    versions = versions_of(draft.programme_id)
    found = _newest(draft.id, digest_of(draft, versions, local_day(starts_at, draft.zone)))
    return found if found is not None and found.status == DraftPreview.Status.READY else None


def _newest(version_id: int, digest: str) -> DraftPreview | None:
    return (
        DraftPreview.objects.filter(version_id=version_id, digest=digest)
        .exclude(status=DraftPreview.Status.OBSOLETE)
        .order_by("-pk")
        .first()
    )


def note_download(actor: Actor, *, version_id: int, now: datetime) -> None:
    """Note in the trail that the names of those who would lose left the house. Raises UnknownProgramme."""
    require(actor, Operation.VIEW_MEMBERS)
    version = version_by_id(version_id)
    target, detail = f"programme:{version.programme_id}", {"version": version.number}
    audit.record(actor, "programme.losers", target, "done", now=now, detail=detail)


def left() -> int | None:
    """Members still to be looked at for previews that somebody waits for; None where nobody waits."""
    waiting = list(DraftPreview.objects.filter(status=DraftPreview.Status.RUNNING))
    return sum(max(one.total - one.looked_at, 0) for one in waiting) if waiting else None


def reckon_some(*, now: datetime) -> int:
    """Look at the next members for the oldest preview that is not finished; how many, 0 where nothing is left."""
    for pk in (
        DraftPreview.objects.filter(status=DraftPreview.Status.RUNNING).order_by("pk").values_list("pk")
    ):
        if done := _reckon(pk[0], now):
            return done
    return 0


def clear_away() -> None:
    """Take away the lines of previews that were replaced, some at a time."""
    while True:
        some = PreviewLine.objects.filter(preview__status=DraftPreview.Status.OBSOLETE).values("pk")[:_AWAY]
        if not PreviewLine.objects.filter(pk__in=some).delete()[0]:
            break
    DraftPreview.objects.filter(status=DraftPreview.Status.OBSOLETE).delete()


@dataclass(frozen=True, slots=True)
class _Terms:
    """What members are judged by: the versions so far, and the draft in both ways."""

    draft: ProgrammeVersion
    versions: list[TierVersion]
    drafts: tuple[TierVersion, TierVersion]
    ladder: Ladder

    @classmethod
    def of(cls, draft: ProgrammeVersion, versions: Versions, first_day: date) -> _Terms:
        settings = draft.document.tier_settings
        kept, at_once = (
            TierVersion(first_day, draft.document.tiers, re_evaluate=anew, settings=settings)
            for anew in (False, True)
        )
        before = [
            version for version in versions.all if local_day(version.starts_at, draft.zone) <= first_day
        ]
        ladder = Ladder.between(before[-1] if before else versions.all[0], draft)
        return cls(draft, tier_versions(versions), (kept, at_once), ladder)


def _members(draft: ProgrammeVersion) -> QuerySet[Member]:
    return Member.objects.filter(programme_id=draft.programme_id).exclude(status=Member.Status.ERASED)


def _reckon(preview_id: int, now: datetime) -> int:
    """Judge the next batch under a lock on the preview; how many members. A preview of other rules is given up."""
    with transaction.atomic():
        row = (
            DraftPreview.objects.select_for_update(no_key=True, skip_locked=True)
            .filter(pk=preview_id, status=DraftPreview.Status.RUNNING)
            .first()
        )
        if row is None:
            return 0
        draft = version_by_id(row.version_id)
        versions = versions_of(draft.programme_id)
        if digest_of(draft, versions, row.first_day) != row.digest:
            row.status = DraftPreview.Status.OBSOLETE
            row.save(update_fields=["status"])
            return 0
        members = list(_members(draft).filter(pk__gt=row.cursor).order_by("pk")[:_BATCH])
        _judge(row, members, _Terms.of(draft, versions, row.first_day))
        if members:
            row.cursor = members[-1].pk
            row.looked_at += len(members)
        if len(members) < _BATCH:
            row.status, row.finished_at = DraftPreview.Status.READY, now
        row.save()
    return len(members)


def _judge(row: DraftPreview, members: list[Member], terms: _Terms) -> None:
    history = history_of([member.pk for member in members], row.first_day)
    # Whoever did nothing and was given nothing fares as all of their kind: in the lowest tier.
    idle: tuple[Effect, ...] | None = None
    lines: list[PreviewLine] = []
    moves = {way: Counter[str](row.moves[way]) for way in _WAYS}
    for member in members:
        joined_on = local_day(member.joined_at, terms.draft.zone)
        if joined_on > row.first_day:
            continue
        facts, grants = history.facts.get(member.pk, ()), history.grants.get(member.pk, ())
        if facts or grants or idle is None:
            pair = compare(facts, grants, terms.versions, terms.drafts, joined_on)
            idle = idle if facts or grants else pair
        else:
            pair = idle
        for way, effect in zip(_WAYS, pair, strict=True):
            if effect.before.tier != effect.after.tier:
                moves[way][f"{effect.before.tier}|{effect.after.tier}"] += 1
        kept, at_once = (_loses(effect, terms.ladder) for effect in pair)
        if kept or at_once:
            lines.append(_line(row, member, pair, (kept, at_once)))
    PreviewLine.objects.bulk_create(lines)
    row.moves = {way: dict(moves[way]) for way in _WAYS}
    row.losing = {
        "kept": row.losing["kept"] + sum(line.loses_kept for line in lines),
        "at_once": row.losing["at_once"] + sum(line.loses_at_once for line in lines),
    }


def _loses(effect: Effect, ladder: Ladder) -> bool:
    return effect.loses or effect.drops_sooner or bool(ladder.losses(effect.before.tier, effect.after.tier))


def _line(
    row: DraftPreview, member: Member, pair: tuple[Effect, ...], loses: tuple[bool, bool]
) -> PreviewLine:
    kept, at_once = pair
    return PreviewLine(
        preview=row,
        member=member,
        before=kept.before.tier,
        kept=kept.after.tier,
        at_once=at_once.after.tier,
        drops_on=kept.after.drops_on if kept.drops_sooner else None,
        drops_to=(kept.after.drops_to or "") if kept.drops_sooner else "",
        loses_kept=loses[0],
        loses_at_once=loses[1],
    )
