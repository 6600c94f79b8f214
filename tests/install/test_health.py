"""What the plugin finds wrong with itself: its standing at Saleor, its programmes, its work, its books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from loyalty_plugin import registry
from loyalty_plugin.admin.advice import told
from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.facts import ChargeFact
from loyalty_plugin.errors import PermissionDenied
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.queries.health import health
from loyalty_plugin.services import previews, programmes
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.sealing import seal
from tests import factories
from tests.factories import NOW, REALM
from tests.install.doctorkit import change, event, found, installation, shop
from tests.services.books import wait_until_sealable

__all__ = ["shop"]


def test_a_plugin_at_work_has_no_troubles(shop: Programme) -> None:
    event(received_at=NOW - timedelta(minutes=9))
    change(next_attempt_at=NOW - timedelta(minutes=9))
    event(status="done", received_at=NOW - timedelta(days=3))
    change(status="done", next_attempt_at=NOW - timedelta(days=3))
    assert found() == {}


def test_apps_whose_money_is_believed_unnamed_are_told_as_information(shop: Programme, settings: Any) -> None:
    of = factories.member(shop)
    charges = [
        ChargeFact(f"e{n}", 100, 100, source)
        for n, source in enumerate(("app:psp", "hand:x", "app:dummy", "app:loyalty_plugin"))
    ]
    apply_orders([factories.order(of, 300, charges=tuple(charges), paid_by_hand=100)], now=NOW)
    [trouble] = [one for one in health(SYSTEM, now=NOW) if one.code == "payment_apps_open"]
    assert (trouble.level, trouble.facts) == ("info", {"apps": "dummy, psp"})
    assert "dummy, psp" in told(trouble.code, trouble.facts)[0]
    settings.LOYALTY = {**settings.LOYALTY, "PAYMENT_APPS": ("psp",)}
    assert "payment_apps_open" not in {one.code for one in health(SYSTEM, now=NOW)}


def test_points_that_pay_need_a_payment_app(shop: Programme, settings: Any) -> None:
    of = factories.programme(factories.document(paying={"points": {}}), code="paid")
    [trouble] = [one for one in health(SYSTEM, now=NOW) if one.code == "payments_closed"]
    assert (trouble.level, trouble.facts) == ("error", {"programme": of.code})
    assert "In paid points pay" in told(trouble.code, trouble.facts)[0]
    settings.LOYALTY = {**settings.LOYALTY, "PAYMENTS": True}
    assert "payments_closed" not in {one.code for one in health(SYSTEM, now=NOW)}


def test_only_who_may_see_operations_sees_troubles(shop: Programme) -> None:
    clerk = Actor(ActorKind.STAFF, "user:1", frozenset({"view_members"}))
    with pytest.raises(PermissionDenied):
        health(clerk, now=NOW)


@pytest.mark.parametrize(
    ("state", "code", "level"),
    [
        ("unverified", "installation_unfinished", "warning"),
        ("securing", "installation_unfinished", "warning"),
        ("inactive", "installation_inactive", "error"),
        ("dead", "installation_dead", "error"),
        ("deleted", "installation_deleted", "error"),
        ("replaced", "installation_deleted", "error"),
    ],
)
def test_the_standing_at_saleor(shop: Programme, state: str, code: str, level: str) -> None:
    Installation.objects.update(state=state)
    assert found() == {code: (level, {"saleor": REALM})}


def test_a_reinstallation_counts_by_its_newest_row(shop: Programme) -> None:
    Installation.objects.update(state="dead")
    assert "installation_dead" in found()
    installation()
    assert found() == {}


def test_permissions_that_were_not_granted(shop: Programme) -> None:
    Installation.objects.update(permissions=["MANAGE_USERS"])
    wanted = ["MANAGE_USERS", "MANAGE_ORDERS", "HANDLE_CHECKOUTS"]
    troubles = health(SYSTEM, now=NOW, permissions=wanted)
    (missing,) = [one.facts for one in troubles if one.code == "permissions_missing"]
    assert missing == {"saleor": REALM, "permissions": "HANDLE_CHECKOUTS, MANAGE_ORDERS"}
    assert "MANAGE_ORDERS" in told("permissions_missing", missing)[0]
    Installation.objects.update(permissions=wanted)
    assert "permissions_missing" not in {one.code for one in health(SYSTEM, now=NOW, permissions=wanted)}


def test_a_saleor_nobody_listed(shop: Programme) -> None:
    other = "https://other.example/graphql/"
    installation(url=other)
    assert found() == {"installation_not_listed": ("warning", {"saleor": other})}


def test_programmes_that_do_nothing(shop: Programme) -> None:
    shop.channels.all().delete()
    programmes.create_programme(
        SYSTEM,
        code="draft",
        name="Draft",
        currency="EUR",
        timezone="UTC",
        document=factories.document(),
        now=NOW,
    )
    programmes.serve_channels(
        SYSTEM,
        programme_id=Programme.objects.get(code="draft").pk,
        realm_id=factories.realm().pk,
        slugs=["b"],
        now=NOW,
    )
    assert found() == {
        "programme_unpublished": ("warning", {"programme": "draft"}),
        "programme_without_channel": ("warning", {"programme": "club"}),
    }


def test_a_plugin_that_was_just_migrated(db: None, settings: Any) -> None:
    settings.LOYALTY = {"SALEOR_API_URLS": (REALM,)}
    assert set(found()) == {"not_installed", "no_programme", "nobody_works"}


def test_events_and_changes_that_wait_or_failed(shop: Programme) -> None:
    event(received_at=NOW - timedelta(minutes=30))
    event()
    event(status="failed")
    change(next_attempt_at=NOW - timedelta(minutes=11))
    change(next_attempt_at=NOW + timedelta(minutes=1), created_at=NOW - timedelta(days=1))
    change(status="failed")
    assert found() == {
        "inbox_lag": ("error", {"waiting": 2, "minutes": 30}),
        "inbox_failed": ("warning", {"count": 1}),
        "outbox_lag": ("error", {"waiting": 1, "minutes": 11}),
        "outbox_failed": ("warning", {"count": 1}),
    }


def test_the_latest_run_of_a_job_counts(shop: Programme) -> None:
    long_ago = NOW - timedelta(hours=5)
    JobRun.objects.create(
        name="expire", status="failed", started_at=NOW, beat_at=NOW, result={"error": "E: x"}
    )
    JobRun.objects.create(name="windows", status="failed", started_at=NOW, beat_at=NOW)
    JobRun.objects.create(name="windows", status="done", started_at=NOW, beat_at=NOW)
    JobRun.objects.create(name="mature", status="running", started_at=long_ago, beat_at=long_ago)
    assert found() == {
        "job_failed": ("error", {"job": "expire", "error": "E: x"}),
        "job_stalled": ("warning", {"job": "mature", "minutes": 300}),
    }


def test_nobody_works_until_a_worker_lives(shop: Programme) -> None:
    later = NOW + timedelta(hours=3)
    assert found(later) == {"nobody_works": ("error", {})}
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    assert found(later) == {}


def test_failed_tasks_of_our_queue(shop: Programme) -> None:
    with connection.cursor() as cursor:
        for queue, ago in (("loyalty", "1 hour"), ("loyalty", "2 days"), ("others", "1 hour")):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
                " VALUES (%s, 'loyalty.seal', 'failed') RETURNING id",
                [queue],
            )
            cursor.execute(
                "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'failed', now() - %s::interval)",
                [cursor.fetchone()[0], ago],
            )
    assert found() == {"task_failed": ("warning", {"task": "loyalty.seal", "count": 1})}


def test_a_trigger_that_was_switched_off(shop: Programme) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE loyalty_plugin_entry DISABLE TRIGGER loyalty_insert_only")
    ((level, facts),) = found().values()
    assert (level, facts["what"]) == ("error", "trigger_disabled")
    assert "loyalty_plugin_entry" in facts["where"]


def test_entries_that_nobody_seals(fresh_db: None, settings: Any) -> None:
    settings.LOYALTY = {"SALEOR_API_URLS": ()}
    of = factories.member(factories.programme())
    apply_orders([factories.order(of)], now=NOW)
    JobRun.objects.create(name="tiers", status="done", started_at=NOW, beat_at=NOW + timedelta(hours=3))
    # Installed where it is not listed; that is another finding.
    assert "unsealed" not in found(NOW + timedelta(hours=1))
    assert found(NOW + timedelta(hours=3))["unsealed"] == ("error", {"minutes": 180})
    wait_until_sealable()
    seal(now=NOW)
    assert "unsealed" not in found(NOW + timedelta(hours=3))


def test_extensions_that_are_gone_count_by_whether_the_version_is_in_force(db: None) -> None:
    perk = {"id": "ten", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}
    club = factories.programme(factories.document(perks=[perk]), code="club")
    gone = registry.perks.get("tier_discount")
    registry.perks.withdraw("tier_discount")
    try:

        def levels() -> dict[int, str]:
            return {
                one.facts["version"]: one.level
                for one in health(SYSTEM, now=NOW + timedelta(minutes=1))
                if one.code == "extension"
            }

        assert levels() == {1: "error"}
        draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=factories.document(), now=NOW)
        tomorrow = NOW + timedelta(days=1)
        previews.look(SYSTEM, version_id=draft.pk, starts_at=tomorrow, now=NOW)
        programmes.publish(SYSTEM, version_id=draft.pk, now=NOW, starts_at=tomorrow)
        assert levels() == {1: "error"}  # the next one is not in force yet
        ProgrammeVersion.objects.create(
            programme=club,
            number=3,
            status="published",
            starts_at=NOW,
            published_at=NOW,
            created_at=NOW,
            document=factories.document(),
        )
        assert levels() == {1: "warning"}
    finally:
        registry.perks.register(type(gone))
