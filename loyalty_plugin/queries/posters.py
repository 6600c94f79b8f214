"""What a poster at the counter says: programme, what joining brings, and the address of its code; it draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.urls import reverse
from django.utils.translation import get_language, override

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.consents import JoinSource
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.errors import InvalidInput, UnknownChannel
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.benefits import benefits_of
from loyalty_plugin.queries.programmes import version_at

#: Characters of a poster's own name.
LONGEST_REF = 50
_LINES = 3


@dataclass(frozen=True, slots=True)
class PosterView:
    """`address` is what the code says, `shown` the part of it that somebody can type."""

    programme: str
    channel: str
    ref: str
    address: str
    shown: str
    lines: tuple[str, ...]
    colour: str
    language: str


def channels(actor: Actor) -> Sequence[tuple[str, str]]:
    """Channels a poster can be for: slug, and the programme's name. Raises PermissionDenied."""
    require(actor, Operation.VIEW_MEMBERS)
    rows = ProgrammeChannel.objects.filter(realm__live=True).select_related("programme").order_by("slug")
    return [(row.slug, row.programme.name) for row in rows]


def poster(
    actor: Actor, *, channel: str, base: str, now: datetime, ref: str = "", language: str = ""
) -> PosterView:
    """A poster for a channel of the shop at `base` ("https://shop.example"); `ref` tells several of them apart.

    Raises PermissionDenied, UnknownChannel, UnknownProgramme, InvalidInput for a `ref` that is too long.
    """
    if channel not in dict(channels(actor)):
        raise UnknownChannel(channel=channel)
    if len(ref) > LONGEST_REF:
        raise InvalidInput(ref="too_long")
    row = ProgrammeChannel.objects.filter(slug=channel, realm__live=True).order_by("pk")[0]
    version = version_at(row.programme_id, now)
    lowest = version.document.ladder[0]
    query = {"channel": channel, "via": JoinSource.COUNTER.value, **({"ref": ref} if ref else {})}
    path = reverse("loyalty:join")
    host = urlsplit(base).netloc
    with override(language or get_language()):
        titles = version.document.title
        return PosterView(
            programme=text_in(titles, get_language() or "en") if titles else version.name,
            channel=channel,
            ref=ref,
            address=f"{base.rstrip('/')}{path}?{urlencode(query)}",
            shown=f"{host}{path}".rstrip("/"),
            lines=benefits_of(version, lowest)[:_LINES],
            colour=lowest.colour or "",
            language=get_language() or "en",
        )
