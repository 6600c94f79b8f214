"""The health address: enough for a load balancer, nothing for strangers, codes for whoever has the key."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Installation
from tests.factories import NOW
from tests.install.doctorkit import shop

__all__ = ["shop"]

HEALTH = "/loyalty/health"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty_plugin.registry import ports

    monkeypatch.setattr(ports.clock, "now", lambda: NOW, raising=False)


def ask(key: str = "", **headers: str) -> Any:
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return Client().get(HEALTH, headers=headers)


@pytest.mark.parametrize("state", ["active", "dead"])
@pytest.mark.parametrize("key", ["", "wrong", "é"])
def test_strangers_learn_nothing(shop: Programme, settings: Any, state: str, key: str) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "HEALTH_KEY": "the-key"}
    Installation.objects.update(state=state)
    answer = ask(key)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_empty_key_opens_nothing(shop: Programme) -> None:
    assert Client().get(HEALTH, headers={"Authorization": "Bearer "}).status_code == 204


def test_the_key_opens_codes_and_no_facts(shop: Programme, settings: Any) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "HEALTH_KEY": "the-key"}
    assert ask("the-key").status_code == 200
    Installation.objects.update(state="dead")
    answer = ask("the-key")
    assert answer.status_code == 503
    assert "installation_dead" in answer.json()["errors"]
    assert set(answer.json()) == {"errors", "warnings"}
    assert b"shop.example" not in answer.content


def test_a_database_that_is_away(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("could not connect to the server at 10.0.0.7")

    with monkeypatch.context() as patch:
        patch.setattr("loyalty_plugin.webhooks.health.connection.cursor", away, raising=False)
        answer = ask()
    assert (answer.status_code, answer.content) == (503, b"")


def test_nothing_can_be_posted_there(db: None) -> None:
    assert Client().post(HEALTH).status_code == 405
