"""Creates programmes, edits drafts and publishes them as frozen versions; never touches what was published."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max
from pydantic import BaseModel

from loyalty_plugin import registry
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.check import check_document
from loyalty_plugin.domain.programmes.document import ProgrammeDocument
from loyalty_plugin.domain.programmes.parse import Problem, parse_document
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.problems import problems as tier_problems
from loyalty_plugin.domain.values import check_amount, currency_exponent
from loyalty_plugin.errors import (
    AlreadyPublished,
    DateOutOfRange,
    InvalidDraft,
    InvalidInput,
    PreviewNeeded,
    UnknownProgramme,
)
from loyalty_plugin.models.programmes import CampaignBudget, Programme, ProgrammeChannel
from loyalty_plugin.models.programmes import ProgrammeVersion as VersionRow
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.price_lists import codes_of
from loyalty_plugin.queries.programmes import as_version, versions_of
from loyalty_plugin.services import audit, previews, requoting

#: What a programme's code may look like.
_CODE: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,48}[a-z0-9])?", re.ASCII | re.IGNORECASE)
#: How far back a later version may begin: none but the time a form takes to be sent.
_BACKDATE: Final = timedelta(minutes=15)


def create_programme(
    actor: Actor,
    *,
    code: str,
    name: str,
    currency: str,
    timezone: str,
    document: Mapping[str, Any],
    now: datetime,
    max_award: int = 100_000,
) -> VersionRow:
    """A new programme with its first draft; the draft. Raises UnknownCurrency, InvalidInput, InvalidDraft."""
    require(actor, Operation.EDIT_PROGRAMME)
    if not _CODE.fullmatch(code):
        raise InvalidInput(code=code)  # business keys begin with it
    currency_exponent(currency)
    check_amount(max_award, zero=False)
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput(timezone=timezone) from error
    with transaction.atomic():
        programme = Programme.objects.create(
            code=code, name=name, currency=currency, timezone=timezone, max_award=max_award
        )
        audit.record(actor, "programme.create", f"programme:{programme.pk}", "done", now=now)
        return save_draft(actor, programme_id=programme.pk, document=document, now=now)


def serve_channels(
    actor: Actor, *, programme_id: int, realm_id: int, slugs: Sequence[str], now: datetime
) -> None:
    """Let the programme serve these channels of a Saleor; a channel served by another moves here."""
    require(actor, Operation.EDIT_PROGRAMME)
    with transaction.atomic():
        for slug in slugs:
            ProgrammeChannel.objects.update_or_create(
                realm_id=realm_id, slug=slug, defaults={"programme_id": programme_id}
            )
        audit.record(
            actor,
            "programme.channels",
            f"programme:{programme_id}",
            "done",
            now=now,
            detail={"realm": realm_id, "channels": list(slugs)},
        )


def save_draft(
    actor: Actor, *, programme_id: int, document: Mapping[str, Any], now: datetime, note: str = ""
) -> VersionRow:
    """Make the draft of a programme, or replace it; the draft. The rules may still contradict themselves.

    Raises UnknownProgramme, InvalidDraft where the shape itself is wrong.
    """
    require(actor, Operation.EDIT_PROGRAMME)
    data = parse_document(document).as_data()
    with transaction.atomic():
        programme = Programme.objects.select_for_update().filter(pk=programme_id).first()
        if programme is None:
            raise UnknownProgramme(programme=programme_id)
        draft = programme.versions.filter(status=VersionRow.Status.DRAFT).first()
        if draft is None:
            last = programme.versions.aggregate(last=Max("number"))["last"] or 0
            draft = VersionRow(programme=programme, number=last + 1, created_at=now)
        draft.document, draft.note = data, note
        draft.save()
        audit.record(actor, "programme.draft", f"programme:{programme_id}", "done", now=now)
    return draft


_KINDS: Final[dict[str, registry.Registry[Any]]] = {
    "rule": registry.rules,
    "multiplier": registry.multipliers,
    "perk": registry.perks,
}


def params_of(kind: str, code: str, data: Mapping[str, Any]) -> BaseModel:
    """Parameters by the schema of an extension. Raises UnknownExtension and pydantic's ValidationError."""
    parsed: BaseModel = _KINDS[kind].get(code).Params.model_validate(data)
    return parsed


def draft_problems(version: VersionRow, starts_at: datetime) -> list[Problem]:
    """Everything that stands against publishing this draft then: pairs of a dotted path and a stable code."""
    programme = version.programme
    document = parse_document(version.document)
    return [
        *check_document(
            document,
            currency=programme.currency,
            starts_on=starts_at.astimezone(zoneinfo.ZoneInfo(programme.timezone)).date(),
            params_of=params_of,
            occasions_of=lambda code: registry.rules.get(code).occasions,
            channels=set(programme.channels.values_list("slug", flat=True)) or None,
            price_lists=codes_of(programme.pk),
        ),
        *tier_problems(document.tiers, document.tier_settings),
    ]


def publish(
    actor: Actor,
    *,
    version_id: int,
    now: datetime,
    starts_at: datetime | None = None,
    note: str = "",
    judge_at_once: bool | None = None,
) -> ProgrammeVersion:
    """Freeze a draft and put it in force from `starts_at` (now). The first version may begin in the past.

    `judge_at_once`: tiers that were earned are judged by the new rules on the first day, instead of lasting until
    their period ends; None leaves it as the draft says. Every version but the first needs a finished preview of
    exactly this draft and that day (see `previews.look`).
    Raises InvalidDraft (with every problem), AlreadyPublished, DateOutOfRange, PreviewNeeded.
    """
    require(actor, Operation.PUBLISH_PROGRAMME)
    starts_at = starts_at or now
    with transaction.atomic():
        row = VersionRow.objects.select_for_update().select_related("programme").filter(pk=version_id).first()
        if row is None:
            raise UnknownProgramme(version=version_id)
        if row.status == VersionRow.Status.PUBLISHED:
            raise AlreadyPublished(version=version_id)
        if judge_at_once is not None:
            row.document["tier_settings"]["re_evaluate"] = judge_at_once
        document = parse_document(row.document)
        found = draft_problems(row, starts_at)
        if found:
            raise InvalidDraft(problems=found)
        _check_start(row, starts_at, now)
        _check_preview(row, starts_at)
        row.status = VersionRow.Status.PUBLISHED
        row.starts_at, row.published_at = starts_at, now
        row.note = note or row.note
        row.author = _account(actor)
        row.save()
        _set_budgets(row.programme_id, document)
        requoting.of_programme(row.programme_id, since=starts_at)
        audit.record(
            actor,
            "programme.publish",
            f"programme:{row.programme_id}",
            "done",
            now=now,
            detail={"version": row.number, "starts_at": starts_at.isoformat()},
        )
    return as_version(row)


def _check_start(row: VersionRow, starts_at: datetime, now: datetime) -> None:
    latest = VersionRow.objects.filter(
        programme_id=row.programme_id, status=VersionRow.Status.PUBLISHED
    ).aggregate(latest=Max("starts_at"))["latest"]
    if latest is not None and (starts_at < now - _BACKDATE or starts_at <= latest):
        raise DateOutOfRange(starts_at=starts_at.isoformat(), latest=latest.isoformat())
    if starts_at.year > 9000:
        raise DateOutOfRange(starts_at=starts_at.isoformat())


def _check_preview(row: VersionRow, starts_at: datetime) -> None:
    draft = as_version(row)
    if versions_of(draft.programme_id).all and previews.ready(draft, starts_at) is None:
        raise PreviewNeeded(first_day=local_day(starts_at, draft.zone).isoformat())


def _account(actor: Actor) -> Any:
    User = get_user_model()
    _, _, key = actor.subject.rpartition("user:")
    if not actor.subject.startswith("user:"):
        return None
    return User.objects.filter(pk=key).first()


def _set_budgets(programme_id: int, document: ProgrammeDocument) -> None:
    """A campaign's budget is kept over versions by its code; it never falls below what is used."""
    for campaign in sorted(document.earning.campaigns, key=lambda campaign: campaign.code):
        if campaign.budget is None:
            continue
        row, _ = CampaignBudget.objects.select_for_update().get_or_create(
            programme_id=programme_id, code=campaign.code, defaults={"budget": campaign.budget}
        )
        row.budget = max(campaign.budget, row.used)
        row.save(update_fields=["budget"])
