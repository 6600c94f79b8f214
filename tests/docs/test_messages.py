"""The catalogues hold every message of the sources, translated and with its placeholders, and are compiled as they stand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from django.test import override_settings
from django.utils import translation
from django.utils.translation import ngettext

from loyalty_plugin.errors import MembersOnly
from loyalty_plugin.graphql.errors import words
from tests.messages import LANGUAGES, LOCALE, catalogue, compiled, sources

#: What only staff read is not translated as a whole yet.
STAFF = tuple(
    f"loyalty_plugin/{one}"
    for one in (
        "admin/",
        "templates/loyalty_plugin/admin",
        "models/",
        "management/",
        "checks/",
        "services/",
        "webhooks/",
        "queries/comparisons/",
        "queries/price_rules.py",
        "queries/health.py",
    )
)
HOW = "Run `python -m tests.messages`, and fill in what is empty in loyalty_plugin/locale/*/LC_MESSAGES/django.po."
#: A placeholder of Python's old formatting, and a tag of HTML.
_HELD = re.compile(r"%\(\w+\)[sd]|%%|%[sd]|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def found() -> Catalog:
    return sources()


def told(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def ids(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, tuple | list) else (message.id,)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalogue_misses_a_message(found: Catalog, language: str) -> None:
    kept = catalogue(language)
    missing = []
    for one in found:
        same = kept.get(one.id, one.context)
        staffs = all(path.startswith(STAFF) for path, _line in one.locations)
        if one.id and (same is None or not (staffs or all(told(same)))):
            missing.append((ids(one)[0], one.locations[0][0]))
    assert not missing, (missing, HOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_kept_is_whole_and_of_today(found: Catalog, language: str) -> None:
    kept = catalogue(language)
    for one in kept:
        if not one.id or not any(told(one)):
            continue
        assert found.get(one.id, one.context) is not None, (one.id, HOW)
        assert not one.fuzzy, one.id
        assert len(told(one)) == (kept.num_plurals if one.pluralizable else 1), one.id
        wanted = set(_HELD.findall(ids(one)[-1]))
        for text in told(one):
            # The singular may do without its number.
            held = set(_HELD.findall(text))
            assert held == wanted or held == set(_HELD.findall(ids(one)[0])), (one.id, text)
            assert text == text.strip() or ids(one)[0] != ids(one)[0].strip(), one.id
    assert (LOCALE / language / "LC_MESSAGES" / "django.mo").read_bytes() == compiled(kept), HOW


@pytest.mark.parametrize(
    ("language", "sentence", "one", "many"),
    [
        ("de", "Das ist Mitgliedern vorbehalten.", "1 Punkt", "2 Punkte"),
        ("zh-hans", "仅限会员。", "1 积分", "2 积分"),
    ],
)
def test_the_reader_is_told_in_their_language(language: str, sentence: str, one: str, many: str) -> None:
    with override_settings(USE_I18N=True), translation.override(language):
        assert words(MembersOnly()) == sentence
        for number, text in ((1, one), (2, many)):
            said: Any = ngettext("%(n)s point", "%(n)s points", number)
            assert said % {"n": number} == text
