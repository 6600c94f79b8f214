"""Each state of our standing at a Saleor: how it comes about at the stand-in, what the doctor calls it, what mends it."""

from __future__ import annotations

import contextlib
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import http, jwks
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.webhooks.processing import drain_inbox
from tests.saleor.statekit import doctor, reconciled, state
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare"]


def test_active_and_a_change_of_our_own_comes_back(bare: Thread) -> None:
    bare.begin()
    assert state() == "installation_unfinished"
    assert deliver_outbox(10, now())["done"] == 1
    assert state() == "active"
    row = Installation.objects.get()
    assert row.proof_asked_at is not None
    bare.settle()
    assert InboxItem.objects.get(event="CheckoutCreated").received_at >= row.proof_asked_at
    out = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("loyalty_doctor", "--offline", stdout=out, no_color=True)
    assert out.getvalue().splitlines()[0] == f"✓ active  {API}"
    # Once: what is proven is not asked again.
    assert state() == "active"
    assert bare.settle() == {}
    assert state() == "active"


def test_a_change_that_does_not_come_back_is_told(bare: Thread, settings: Any) -> None:
    bare.install()
    assert state() == "active"
    bare.settle()
    InboxItem.objects.all().delete()
    Installation.objects.update(proof_asked_at=now() - timedelta(minutes=11))
    assert state() == "events_unheard"
    found = doctor("--offline")["events_unheard"]
    assert (found["level"], found["next"]) == ("error", f"Run: python manage.py loyalty_connect {API}")


def test_a_smaller_grant(bare: Thread) -> None:
    bare.install(["MANAGE_ORDERS", "MANAGE_CHECKOUTS"])
    assert state() == "permissions_missing"
    found = doctor("--offline")
    assert (
        found["permissions_missing"]["facts"]["permissions"]
        == "HANDLE_CHECKOUTS, MANAGE_DISCOUNTS, MANAGE_USERS"
    )
    assert found["permissions_missing"]["level"] == "error"
    assert "gap" in found
    # Mended by a grant in the Dashboard.
    app = bare.app()
    assert app
    grant = "mutation($i:ID!,$p:[PermissionEnum!]){appUpdate(id:$i,input:{permissions:$p}){errors{code}}}"
    bare.shop.owner.data(grant, i=app["id"], p=list(PERMISSIONS))
    assert state() == "gap"
    reconciled()
    assert state() == "active"


def test_a_grant_by_which_nothing_is_missed_leaves_no_gap(bare: Thread) -> None:
    bare.install(["MANAGE_ORDERS", "MANAGE_USERS"])
    assert state() == "permissions_missing"
    assert "gap" not in doctor("--offline")


def test_deactivated_and_active_again(bare: Thread) -> None:
    bare.install()
    assert state() == "active"
    bare.act("appDeactivate")
    bare.shop.settled(60)
    drain_inbox(100, now())
    assert Installation.objects.get().state == "inactive"
    assert doctor("--offline")["installation_inactive"]["level"] == "error"
    bare.act("appActivate")
    assert state() == "gap"
    assert "deactivated" in doctor("--offline")["gap"]["what"]
    reconciled()
    assert state() == "active"


def test_a_token_that_died_without_a_word(bare: Thread) -> None:
    bare.install()
    with bare.shop.standin.store.write() as tx:
        app = tx.first("app", identifier="loyalty_plugin")
        tx.patch("app", app["id"], {"token": "another"})
    assert state() == "installation_dead"
    assert doctor("--offline")["installation_dead"]["level"] == "error"


def test_deleted_and_installed_anew(bare: Thread) -> None:
    old = bare.install()
    assert state() == "active"
    bare.act("appDelete")
    bare.shop.settled(60)
    drain_inbox(100, now())
    assert state() == "installation_deleted"
    assert doctor("--offline")["installation_deleted"]["level"] == "error"
    new = bare.install()
    assert (new.app_id != old.app_id, new.token != old.token) == (True, True)
    assert state() == "reinstalled"
    assert doctor("--offline")["reinstalled"]["level"] == "warning"
    reconciled()
    assert state() == "active"


def test_installed_anew_while_we_slept(bare: Thread) -> None:
    old = bare.install()
    with bare.shop.standin.store.write() as tx:
        # Without a word to us: its webhooks go before they are told.
        for hook in tx.find("webhook", app=tx.first("app", identifier="loyalty_plugin")["id"]):
            tx.delete("webhook", hook["id"])
    bare.act("appDelete")
    bare.install()
    old.refresh_from_db()
    assert old.state == "replaced"
    assert state() == "reinstalled"


def test_it_signs_with_another_key(bare: Thread) -> None:
    bare.install()
    assert state() == "active"
    bare.settle()
    InboxItem.objects.all().delete()
    jwks.current(API)
    bare.shop.anonymous.control("key")
    bare.shop.owner = bare.shop.anonymous.login("owner@shop.example")
    jwks.forget()  # or the pause between two looks for an unknown key would have to pass
    bare.shop.customer()
    bare.settle()
    # What it signs with the new key is believed, since the key came from the address on the list.
    assert InboxItem.objects.filter(event="CustomerCreated").exists()
    assert state() == "key_changed"
    assert doctor("--offline")["key_changed"]["level"] == "warning"
    assert "key_changed" not in doctor("--mend", "--offline")
    assert state() == "active"


def test_unreachable(bare: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    bare.install()

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    with monkeypatch.context() as patch:
        patch.setattr(http, "pool", lambda: httpx.Client(transport=httpx.MockTransport(away)))
        assert state() == "active"  # it may be restarting
        Installation.objects.update(unreachable_since=now() - timedelta(minutes=7))
        assert state() == "saleor_unreachable"
        assert doctor("--offline")["saleor_unreachable"]["facts"]["minutes"] == 7
    assert state() == "active"


def test_failed_deliveries_are_told_with_their_cause(bare: Thread, settings: Any) -> None:
    bare.install()
    assert state() == "active"
    bare.settle()
    settings.ALLOWED_HOSTS = ["elsewhere.example"]
    bare.shop.customer()
    bare.shop.settled(60)
    settings.ALLOWED_HOSTS = ["*"]
    assert state() == "deliveries_failed"
    found = doctor("--offline")
    assert found["deliveries_failed"]["facts"]["count"] >= 1
    assert found["url_host_refused"]["facts"]["status"] == 400
    assert "gap" in found
    reconciled()
    assert state() == "active"
