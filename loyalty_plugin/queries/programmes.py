"""Reads programmes and their published versions; a version is parsed once a process, since it never changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from loyalty_plugin.domain.programmes.document import ProgrammeDocument
from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import UnknownProgramme
from loyalty_plugin.models.programmes import Programme, ProgrammeChannel
from loyalty_plugin.models.programmes import ProgrammeVersion as VersionRow

#: What `as_versions` reads of a version `v` and its programme `p`, and the order it wants.
COLUMNS: Final = (
    "v.id, p.id, p.code, v.number, p.name, p.currency, p.timezone,"
    " coalesce(v.starts_at, v.created_at), p.max_award"
)
ORDER: Final = "v.starts_at, v.number"
_PUBLISHED: Final = f"""
SELECT {COLUMNS}
  FROM loyalty_plugin_programmeversion v JOIN loyalty_plugin_programme p ON p.id = v.programme_id
 WHERE p.id = %s AND v.status = 'published' ORDER BY {ORDER}
"""

# Two programmes or realms are told apart by more than one pair; a programme without a version has one row, of nothing.
_SERVED: Final = f"""
SELECT c.programme_id, c.realm_id, {COLUMNS}
  FROM loyalty_plugin_programmechannel c
  JOIN loyalty_plugin_realm r ON r.id = c.realm_id
  JOIN loyalty_plugin_programme p ON p.id = c.programme_id
  LEFT JOIN loyalty_plugin_programmeversion v ON v.programme_id = p.id AND v.status = 'published'
 WHERE c.slug = %(slug)s AND r.live AND (%(realm)s::text IS NULL OR r.api_url = %(realm)s)
 ORDER BY {ORDER}
"""


@lru_cache(maxsize=256)
def _document(version_id: int) -> ProgrammeDocument:
    """The parsed rules of a published version. Ids of versions are never used again."""
    return parse_document(VersionRow.objects.values_list("document", flat=True).get(pk=version_id))


def forget_documents() -> None:
    """Forget parsed versions: for tests, whose databases repeat ids."""
    _document.cache_clear()


def as_version(row: VersionRow) -> ProgrammeVersion:
    """A row, with its programme selected, as the domain reads it; drafts are parsed anew each time."""
    programme = row.programme
    published = row.status == VersionRow.Status.PUBLISHED
    return ProgrammeVersion(
        id=row.pk,
        programme_id=programme.pk,
        code=programme.code,
        number=row.number,
        name=programme.name,
        currency=programme.currency,
        zone=ZoneInfo(programme.timezone),
        starts_at=row.starts_at or row.created_at,
        max_award=programme.max_award,
        document=_document(row.pk) if published else parse_document(row.document),
    )


@dataclass(frozen=True, slots=True)
class Versions:
    """The published versions of one programme, oldest start first."""

    all: tuple[ProgrammeVersion, ...]

    @property
    def first(self) -> ProgrammeVersion:
        """The first version there was. Raises UnknownProgramme."""
        if not self.all:
            raise UnknownProgramme()
        return self.all[0]

    def at(self, moment: datetime) -> ProgrammeVersion:
        """The version in force at an instant; before the first one began, the first. Raises UnknownProgramme."""
        in_force = self.first
        for version in self.all:
            if version.starts_at <= moment:
                in_force = version
        return in_force


def versions_of(programme_id: int) -> Versions:
    """Published versions of a programme. One query, and one for each version never seen by this process."""
    with connection.cursor() as cursor:
        # Plain rows: every page and every order asks for them, and the models would cost more than all else.
        cursor.execute(_PUBLISHED, [programme_id])
        return as_versions(cursor.fetchall())


def as_versions(rows: Iterable[tuple[Any, ...]]) -> Versions:
    """The published versions of one programme, of their columns in their order. One query for each never seen."""
    return Versions(tuple(_version(*row) for row in rows))


def _version(
    version_id: int,
    programme_id: int,
    code: str,
    number: int,
    name: str,
    currency: str,
    timezone: str,
    starts_at: datetime,
    max_award: int,
) -> ProgrammeVersion:
    document = _document(version_id)
    zone = ZoneInfo(timezone)
    return ProgrammeVersion(
        version_id, programme_id, code, number, name, currency, zone, starts_at, max_award, document
    )


def version_at(programme_id: int, moment: datetime) -> ProgrammeVersion:
    """The version in force. Raises UnknownProgramme where none was ever published."""
    return versions_of(programme_id).at(moment)


def version_by_id(version_id: int) -> ProgrammeVersion:
    """Any version, a draft too. Raises UnknownProgramme."""
    try:
        return as_version(VersionRow.objects.select_related("programme").get(pk=version_id))
    except VersionRow.DoesNotExist:
        raise UnknownProgramme(version=version_id) from None


def programme_of_channel(realm_id: int, slug: str) -> Programme | None:
    """The programme that serves a channel of a Saleor, None where none does."""
    row = ProgrammeChannel.objects.filter(realm_id=realm_id, slug=slug).select_related("programme").first()
    return row.programme if row else None


def channel_served(slug: str, realm_url: str | None = None) -> tuple[int, int] | None:
    """Programme and realm (ids) that serve a channel of a live Saleor.

    Without a realm it must be the only one with a channel of that name: None where there are two, or none.
    """
    rows = ProgrammeChannel.objects.filter(slug=slug, realm__live=True)
    if realm_url is not None:
        rows = rows.filter(realm__api_url=realm_url)
    found = list(rows.values_list("programme_id", "realm_id")[:2])
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Served:
    """Who serves a channel, and by which rules: ids of programme and realm, and the programme's published versions."""

    programme_id: int
    realm_id: int
    versions: Versions


def served(slug: str, realm_url: str | None = None) -> Served | None:
    """As `channel_served`, with the versions in the same query: a page of prices asks for both."""
    with connection.cursor() as cursor:
        cursor.execute(_SERVED, {"slug": slug, "realm": realm_url})
        rows = cursor.fetchall()
    places = {row[:2] for row in rows}
    if len(places) != 1:
        return None
    programme_id, realm_id = places.pop()
    return Served(programme_id, realm_id, as_versions(row[2:] for row in rows if row[2] is not None))
