"""Each state of our standing at a Saleor: how it comes about at the stand-in, what the doctor calls it, what mends it."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import SaleorUnreachable, SpendingHeld
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.queries.realms import spending_held, standings
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor import anchors, connections, http, jwks
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.saleor.subscriptions import WEBHOOKS as OURS
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.realms import mark_reconciled, require_spending
from loyalty_plugin.services.sealing import seal
from loyalty_plugin.webhooks.processing import drain_inbox
from tests import factories
from tests.saleor.threadkit import API, Thread, bare, now
from tests.services.books import wait_until_sealable

__all__ = ["bare"]

WEBHOOKS = """{apps(first:100){edges{node{identifier webhooks{id identifier isActive targetUrl asyncEvents{eventType}
 customHeaders}}}}}"""


def doctor(*options: str) -> dict[str, dict[str, Any]]:
    """What the doctor finds about the connection, by id."""
    out = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("loyalty_doctor", "--json", *options, stdout=out)
    report = json.loads(out.getvalue())
    assert all(one["what"] and one["next"] for one in report["findings"])
    return {one["id"]: one for one in report["findings"] if not one["id"].startswith("loyalty_plugin.")}


def state() -> str:
    """The realm's state by its name, seen anew."""
    with contextlib.suppress(SaleorUnreachable):
        ports.connection.review(API, now=now())
    (found,) = standings(SYSTEM, now=now(), permissions=PERMISSIONS.keys())
    return found.name


def reconciled() -> None:
    mark_reconciled(SYSTEM, realm_id=Realm.objects.get().pk, through=now(), now=now())


def hooks(thread: Thread) -> dict[str, dict[str, Any]]:
    apps = [edge["node"] for edge in thread.shop.owner.data(WEBHOOKS)["apps"]["edges"]]
    (ours,) = [one for one in apps if one["identifier"] == "loyalty_plugin"]
    return {one["identifier"]: one for one in ours["webhooks"]}


def as_app(thread: Thread, query: str, **variables: Any) -> Any:
    from loyalty_plugin.saleor import connections

    ours = connections.connected(API, fresh=True)
    assert ours
    return thread.shop.anonymous.as_app(ours.token).data(query, **variables)


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
    assert found["permissions_missing"]["facts"]["permissions"] == "HANDLE_CHECKOUTS, MANAGE_USERS"
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


def sealed(number: int) -> None:
    of = factories.programme(code=f"club{number}")
    apply_orders([factories.order(factories.member(of))], now=factories.NOW)
    wait_until_sealable()
    seal(now=factories.NOW)


def test_our_books_were_restored_from_a_dump(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert state() == "active"
    realm = Realm.objects.get(api_url=API)
    assert realm.anchor["block"] == 1
    require_spending(realm.pk)
    # A dump of before that block: what Saleor holds is not in our books any more.
    as_app(
        bare,
        "mutation($i:ID!,$m:[MetadataInput!]!){updatePrivateMetadata(id:$i,input:$m){errors{code}}}",
        i=Installation.objects.get().app_id,
        m=[
            {
                "key": f"loyalty.anchor.{realm.cluster}",
                "value": json.dumps({"block": 2, "root": "ab" * 32}),
            }
        ],
    )
    assert of_api("restored_here")
    with pytest.raises(SpendingHeld) as raised:
        require_spending(realm.pk)
    assert raised.value.details["reason"] == "restored_here"
    assert doctor("--offline")["restored_here"]["level"] == "error"
    # It stays until a person has reconciled, and then what was noted is overwritten.
    assert of_api("restored_here")
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=now(), now=now())
    require_spending(realm.pk)
    assert of_api("active")
    assert of_api("active")
    realm.refresh_from_db()
    assert realm.anchor["block"] == 1


def of_api(name: str) -> bool:
    """Whether the realm of the stand-in has this state; factories make another."""
    ports.connection.review(API, now=now())
    (found,) = [
        one for one in standings(SYSTEM, now=now(), permissions=PERMISSIONS.keys()) if one.api_url == API
    ]
    assert found.name == name
    return True


def test_saleor_was_restored_from_a_dump(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    with bare.shop.standin.store.write() as tx:
        app = tx.first("app", identifier="loyalty_plugin")
        tx.patch("app", app["id"], {"privateMetadata": {}})
    assert of_api("restored_there")
    assert spending_held(realm.pk) == "restored_there"
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=now(), now=now())
    assert of_api("active")


def test_what_we_noted_goes_with_the_app_that_was_deleted(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    assert realm.anchor["block"] == 1
    bare.act("appDelete")
    bare.install()
    assert of_api("reinstalled")
    assert spending_held(realm.pk) == ""
    realm.refresh_from_db()
    assert realm.anchor["block"] == 1  # written down anew


def test_a_note_that_another_process_overtook_is_no_dump(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    ours = connections.connected(API)
    assert ours is not None
    client = SaleorClient(API, ours.token)
    read_before = {**client.execute("standing", anchor=anchors.key())["app"], "anchor": None}
    anchors.compare(client, realm.pk, read_before, agreed=now(), now=now())
    assert spending_held(realm.pk) == ""


def test_a_dump_in_another_cluster_is_known_without_asking(bare: Thread) -> None:
    bare.install()
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    Realm.objects.update(cluster=1)
    assert spending_held(realm.pk) == "restored_here"
    before = as_app(bare, "{app{privateMetadata{key}}}")
    assert of_api("restored_here")
    assert as_app(bare, "{app{privateMetadata{key}}}") == before
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=now(), now=now())
    assert spending_held(realm.pk) == ""
    assert of_api("active")


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


def test_an_upgrade_brings_the_webhooks_up_to_date(bare: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.install()
    before = hooks(bare)
    listed = {one.identifier for one in OURS}
    assert set(before) == listed
    # As an older version left them, and as a hand in the Dashboard did.
    change = "mutation($i:ID!,$n:WebhookUpdateInput!){webhookUpdate(id:$i,input:$n){errors{code}}}"
    query = "subscription { event { ... on OrderPaid { order { id } } } }"
    older = {"query": query, "asyncEvents": ["ORDER_PAID"]}
    moved = {
        "isActive": False,
        "targetUrl": "https://old.example/hook",
        "customHeaders": '{"X-Other": "kept"}',
    }
    as_app(bare, change, i=before["loyalty-orders"]["id"], n=older)
    as_app(bare, change, i=before["loyalty-checkouts"]["id"], n=moved)
    as_app(bare, "mutation($i:ID!){webhookDelete(id:$i){errors{code}}}", i=before["loyalty-customers"]["id"])
    make = "mutation($n:WebhookCreateInput!){webhookCreate(input:$n){errors{code message}}}"
    for name in ("loyalty-of-old", "somebody-elses"):
        as_app(
            bare, make, n={"name": name, "identifier": name, "targetUrl": "https://x.example", "query": query}
        )

    assert ports.connection.review(API, now=now()) == "securing"  # one lost the secret
    assert deliver_outbox(10, now())["done"] == 1
    after = hooks(bare)
    assert set(after) == listed | {"somebody-elses"}
    for name in listed:
        assert (after[name]["isActive"], after[name]["targetUrl"]) == (
            True,
            f"{bare.url}/loyalty/saleor/events",
        )
        assert {e["eventType"] for e in after[name]["asyncEvents"]} == {
            event.name for one in OURS if one.identifier == name and not one.asks for event in one.events
        }
    assert json.loads(after["loyalty-checkouts"]["customHeaders"])["x-other"] == "kept"
    assert after["loyalty-orders"]["id"] == before["loyalty-orders"]["id"]
    assert Installation.objects.get().state == "active"
    # Again: nothing differs, nothing is asked for, nothing is written.
    assert ports.connection.review(API, now=now()) == "active"
    assert deliver_outbox(10, now()) == {}
    assert hooks(bare) == after


def test_another_public_address_is_taken_along(bare: Thread, settings: Any) -> None:
    bare.install()
    settings.LOYALTY = {**settings.LOYALTY, "PUBLIC_URL": bare.url.replace("localhost", "127.0.0.1")}
    doctor("--mend", "--offline")
    assert {one["targetUrl"] for one in hooks(bare).values()} == {
        f"{settings.LOYALTY['PUBLIC_URL']}/loyalty/saleor/events"
    }


def test_the_secret_is_changed_without_losing_what_is_under_way(bare: Thread) -> None:
    bare.install()
    assert state() == "active"
    bare.settle()
    old = json.loads(hooks(bare)["loyalty-orders"]["customHeaders"])["x-loyalty-secret"]
    ports.connection.renew_secret(API, now=now())
    bare.shop.customer()  # told with the old secret
    bare.settle()
    assert InboxItem.objects.filter(event="CustomerCreated").exists()
    assert deliver_outbox(10, now())["done"] == 1
    new = {json.loads(one["customHeaders"])["x-loyalty-secret"] for one in hooks(bare).values()}
    assert len(new) == 1
    assert old not in new
    assert Installation.objects.get().previous_secret
    assert state() == "active"
    assert not Installation.objects.get().previous_secret
