"""Finished previews of drafts and the members they list, filtered by who asks; reckons nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.models.previews import DraftPreview, PreviewLine
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.comparisons.benefits import Ladder, losses_text
from loyalty_plugin.queries.members import search
from loyalty_plugin.queries.programmes import version_by_id, versions_of

Way = Literal["kept", "at_once"]


def finished(version_id: int) -> DraftPreview | None:
    """The newest finished preview of a version, None where there is none."""
    rows = DraftPreview.objects.filter(version_id=version_id, status=DraftPreview.Status.READY)
    return rows.order_by("-pk").first()


def losers(actor: Actor, preview: DraftPreview, text: str = "") -> QuerySet[PreviewLine]:
    """Members who would lose something, as they were found; `text` as for looking members up.

    Raises PermissionDenied to whoever may not edit programmes and look members up.
    """
    require(actor, Operation.EDIT_PROGRAMME)
    require(actor, Operation.VIEW_MEMBERS)
    rows = PreviewLine.objects.filter(preview=preview).select_related("member").order_by("pk")
    return rows.filter(member__in=search(actor, text).order_by().values("pk")) if text.strip() else rows


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one member in one way, in words; `tier` and `loses` are empty where nothing is lost."""

    tier: str
    on: date | None
    loses: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the lines of one preview: tiers by name, and what is missed in words."""

    ladder: Ladder
    first_day: date

    @classmethod
    def of(cls, preview: DraftPreview) -> Reader:
        """For this preview; the version before it is the one in force on its first day."""
        draft = version_by_id(preview.version_id)
        others = [one for one in versions_of(draft.programme_id).all if one.id != draft.id]
        zone = draft.zone
        before = [one for one in others if one.starts_at.astimezone(zone).date() <= preview.first_day]
        return cls(Ladder.between((before or others or [draft])[-1], draft), preview.first_day)

    def fate(self, line: PreviewLine, way: Way) -> Fate:
        """Where this member goes, from which day, and what they then miss."""
        if not (line.loses_kept if way == "kept" else line.loses_at_once):
            return Fate("", None, "")
        to, on = (line.kept if way == "kept" else line.at_once), self.first_day
        if way == "kept" and line.drops_on is not None and not self.ladder.losses(line.before, to):
            to, on = line.drops_to, line.drops_on
        return Fate(self.ladder.name(to), on, losses_text(self.ladder.losses(line.before, to)))


def fate_text(fate: Fate) -> str:
    """ "Basic from 2 March"."""
    if fate.on is None:
        return ""
    return _("%(tier)s from %(day)s") % {"tier": fate.tier, "day": date_format(fate.on)}
