"""Turns a card's view into the texts a design prints; it lays nothing out."""

from __future__ import annotations

import unicodedata

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from loyalty_plugin.cards import codes
from loyalty_plugin.domain.cards.names import clean
from loyalty_plugin.domain.cards.numbers import grouped
from loyalty_plugin.queries.cards import CardView


def fields_of(card: CardView) -> dict[str, str]:
    """What `CardDesign.html` is handed, all text.

    number, number_grouped, name, name_language, language, tier, tier_code, colour ("" or "#rrggbb"), rank,
    ranks, programme, since, issued, prompt, and `qr`: an inline SVG with its quiet zone.
    """
    with override(card.language or None):
        return {
            "number": card.number,
            "number_grouped": grouped(card.number),
            "name": clean(card.name),
            "name_language": _script_language(card.name, card.language),
            "language": card.language or "en",
            "tier": card.tier_name,
            "tier_code": card.tier,
            "colour": card.tier_colour or "",
            "rank": str(card.rank),
            "ranks": str(card.ranks),
            "programme": card.programme,
            "since": _("Member since %(year)s") % {"year": card.member_since.year},
            "issued": date_format(card.issued_on, "DATE_FORMAT"),
            "prompt": _("Show this when you pay"),
            "qr": codes.qr_svg(card.token),
        }


def _script_language(name: str, language: str) -> str:
    """The language to set a name in: one Chinese sign has other shapes in Japan, Korea and Taiwan."""
    if language.lower().startswith(("zh", "ja", "ko")):
        return language
    names = {unicodedata.name(sign, "").partition(" ")[0] for sign in name}
    if names & {"HIRAGANA", "KATAKANA"}:
        return "ja"
    if "HANGUL" in names:
        return "ko"
    return "zh-Hans" if "CJK" in names else language or "en"
