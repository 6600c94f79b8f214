"""What a member agreed to, the newest answer of each channel, and the words a shop asks by; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.consents import ConsentChannel
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.models.consents import Consent
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.members import get_member

#: What is asked where the shop has no words of its own.
WORDS: Mapping[ConsentChannel, str] = {
    ConsentChannel.EMAIL: gettext_noop("Send me news and offers by e-mail. I can stop them at any time."),
    ConsentChannel.SMS: gettext_noop("Send me news and offers by text message. I can stop them at any time."),
    ConsentChannel.PHONE: gettext_noop("You may call me about news and offers. I can say no at any time."),
    ConsentChannel.POST: gettext_noop("Send me news and offers by post. I can stop them at any time."),
    ConsentChannel.PUSH: gettext_noop("Show me news and offers on this device. I can stop them at any time."),
    ConsentChannel.WECHAT: gettext_noop("Send me news and offers on WeChat. I can stop them at any time."),
}


@dataclass(frozen=True, slots=True)
class ConsentView:
    """The newest answer for one channel: whether it stands, since when, and in which words (empty if unknown)."""

    channel: ConsentChannel
    given: bool
    at: datetime
    wording: str
    language: str
    source: str


def consents_of(actor: Actor, member_id: int) -> tuple[ConsentView, ...]:
    """The newest answer of each channel that was ever answered. Raises UnknownMember."""
    get_member(actor, member_id)
    rows = Consent.objects.filter(member_id=member_id).order_by("channel", "-pk").distinct("channel")
    return tuple(_view(row) for row in rows.select_related("wording"))


def consent_history(actor: Actor, member_id: int, *, limit: int = 200) -> tuple[ConsentView, ...]:
    """All answers, newest first. Raises UnknownMember."""
    get_member(actor, member_id)
    rows = Consent.objects.filter(member_id=member_id).order_by("-pk").select_related("wording")
    return tuple(_view(row) for row in rows[:limit])


def _view(row: Consent) -> ConsentView:
    words = row.wording
    return ConsentView(
        ConsentChannel(row.channel),
        row.given,
        row.at,
        words.text if words else "",
        words.language if words else "",
        row.source,
    )


def may_be_told(member_ids: Iterable[int], channel: ConsentChannel) -> frozenset[int]:
    """Those of these members who may be told news through a channel: active, and their newest answer is yes.

    By e-mail only where the address is confirmed: else somebody may have agreed for another. One query.
    """
    newest = Consent.objects.filter(member_id__in=list(member_ids), channel=channel.value)
    newest = newest.filter(member__status=Member.Status.ACTIVE)
    if channel is ConsentChannel.EMAIL:
        newest = newest.filter(member__verified_at__isnull=False)
    rows = newest.order_by("member_id", "-pk").distinct("member_id").values_list("member_id", "given")
    return frozenset(member_id for member_id, given in rows if given)


def wordings(language: str) -> dict[ConsentChannel, str]:
    """What joining asks, by channel, in a language: the shop's own words of `CONSENTS`, else ours."""
    asked = {}
    for code, own in settings.CONSENTS.items():
        channel = ConsentChannel(code)
        told = own if isinstance(own, str) else text_in(own, language)
        if not told:
            with override(language):
                told = _(WORDS[channel])
        asked[channel] = told
    return asked
