"""The story that `./sandbox/run story` plays, with real processes on databases of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import cli
from sandbox.postgres import Server
from sandbox.story.stage import told
from tests.stories.shopkit import copy_migrated

#: What must be played, each by words of its step.
TOLD = [
    "shake hands",
    "publishes it in the back office",
    "registers at the shop",
    "confirm their e-mail",
    "signed webhook",
    "same event arrives again",
    "last evening of the return window",
    "return window has passed",
    "Premium begins at",
    "for the next order and not for the one that led there",
    "member day",
    "points to give",
    "Premium pays 10 % less",
    "signed with a key of their own",
    "alone they may give 500",
    "wants to give 2,000 points",
    "approves the request",
    "half an hour before midnight",
    "past midnight in Berlin",
    "scanner reads it",
    "loyalty_verify",
]


def test_every_step_of_the_story_is_as_expected(
    django_db_setup: None,
    keep_signals: None,
    postgres: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    copy_migrated(monkeypatch)
    made: list[str] = []
    create = Server.create_database

    def noted(self: Server, name: str, template: str | None = None) -> str:
        made.append(name)
        return create(self, name, template)

    monkeypatch.setattr(Server, "create_database", noted)
    monkeypatch.setenv("DATABASE_URL", postgres.url("postgres"))
    out = tmp_path / "story.json"
    code = cli.main(["story", "--json", str(out), "--data", str(tmp_path / "data")])
    steps = json.loads(out.read_text()) if out.exists() else []
    wrong = [one for one in steps if not one["ok"]]
    assert (code, wrong) == (0, []), capfd.readouterr().out
    assert [[words for words in TOLD if words in one["step"]] for one in steps] == [[one] for one in TOLD]
    assert made
    assert not postgres.databases() & set(made)  # others may play stories of theirs on this server


def test_a_wrong_expectation_is_a_wrong_step() -> None:
    assert told("a customer pays", "100 points", "100 points").ok
    assert not told("a customer pays", "100 points", "99 points").ok
