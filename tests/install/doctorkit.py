"""A shop in order, and rows that stand for its troubles; for the tests of health and of the doctor."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_plugin.admin.advice import told
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.queries.health import health
from loyalty_plugin.saleor.manifest import PERMISSIONS
from tests import factories
from tests.factories import NOW, REALM

EVENTS = "https://shop.example/loyalty/saleor/events"
MANIFEST = "https://shop.example/loyalty/saleor/manifest"


@pytest.fixture
def shop(db: None, settings: Any) -> Programme:
    """A plugin at work: installed, a programme in force, its jobs run a moment ago."""
    settings.LOYALTY = {"SALEOR_API_URLS": (REALM,), "PUBLIC_URL": "https://shop.example"}
    made = factories.programme(code="club")
    installation()
    JobRun.objects.create(name="tiers", status="done", started_at=NOW, beat_at=NOW, finished_at=NOW)
    return made


def installation(state: str = Installation.State.ACTIVE, url: str = REALM) -> Installation:
    return Installation.objects.create(
        realm=factories.realm(url),
        app_id="A",
        token=b"t",
        state=state,
        permissions=sorted(PERMISSIONS),
        installed_at=NOW,
    )


def event(**fields: Any) -> InboxItem:
    number = InboxItem.objects.count()
    return InboxItem.objects.create(
        **{
            "installation": Installation.objects.get(),
            "sha256": bytes([number]) * 32,
            "event": "OrderPaid",
            "received_at": NOW,
            **fields,
        }
    )


def change(**fields: Any) -> OutboxItem:
    return OutboxItem.objects.create(
        **{"kind": "k", "target": "t", "desired": {}, "created_at": NOW, "next_attempt_at": NOW, **fields}
    )


def found(now: Any = NOW) -> dict[str, tuple[str, dict[str, Any]]]:
    """Code to level and facts, without what the tests' own database role is told about its rights."""
    troubles = [one for one in health(SYSTEM, now=now) if one.facts.get("what") != "role_too_strong"]
    for one in troubles:
        what, step = told(one.code, {"manifest": MANIFEST, **one.facts})
        assert what
        assert step
        assert "{" not in what + step
    assert len({one.code for one in troubles}) == len(troubles)
    return {one.code: (one.level, dict(one.facts)) for one in troubles}
