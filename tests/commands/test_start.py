"""`loyalty_start`: a preset becomes a draft or a published programme, and mistakes are told in a sentence."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from tests.factories import realm

pytestmark = pytest.mark.django_db


def start(*args: str) -> str:
    out = StringIO()
    call_command("loyalty_start", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_it_lists_the_presets():
    assert {line.split()[0] for line in start("--list").splitlines()} == {"fashion", "cafe", "beauty"}


@pytest.mark.parametrize("preset", ["fashion", "cafe", "beauty"])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_every_preset_can_be_published_in_every_kind_of_currency(preset, currency):
    realm()
    start(preset, "--name", "Circle", "--currency", currency, "--channel", "main", "--publish")
    assert ProgrammeVersion.objects.get().status == "published"
    assert Programme.objects.get().channels.get().slug == "main"


def test_without_publish_it_stays_a_draft():
    assert "draft" in start("cafe", "--name", "Beans", "--currency", "eur")
    assert ProgrammeVersion.objects.get().status == "draft"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cafe"], "--name, --currency"),
        (["cafe", "--name", "B", "--currency", "EURO"], "unknown_currency"),
        (["cafe", "--name", "B", "--currency", "EUR", "--timezone", "Mars/Base"], "invalid_input"),
        (["cafe", "--name", "B", "--currency", "EUR", "--channel", "main"], "which Saleor"),
    ],
)
def test_a_mistake_is_a_sentence_and_leaves_nothing(arguments, words):
    with pytest.raises(CommandError, match=words):
        start(*arguments)
    assert not Programme.objects.exists()


def test_a_name_is_taken_once():
    start("cafe", "--name", "Beans", "--currency", "EUR")
    with pytest.raises(CommandError, match="already"):
        start("cafe", "--name", "Beans", "--currency", "EUR")
