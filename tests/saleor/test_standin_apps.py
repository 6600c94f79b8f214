"""The install handshake of the stand-in Saleor and what follows it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox.saleor.installing import version_fits
from tests.saleor.standinkit import Caller, Received, Receiver, Shop
from tests.scale import PATIENCE

INSTALL = """mutation($i:AppInstallInput!){appInstall(input:$i){appInstallation{id status message}
errors{field code message permissions}}}"""
ROWS = "{appsInstallations{id status message appName}}"
SELF = "{app{id identifier isActive permissions{code} webhooks{name targetUrl customHeaders asyncEvents{eventType}}}}"
QUERY = "subscription{event{__typename ... on AppStatusChanged{app{id isActive}} ... on AppDeleted{app{id}}}}"


class Plugin:
    """An App as its own server sees the handshake."""

    def __init__(self, shop: Shop, receiver: Receiver, identifier: str, **manifest: Any) -> None:
        self.shop, self.receiver = shop, receiver
        self.manifest = {
            "id": identifier,
            "name": "Loyalty",
            "version": "1.0",
            "permissions": ["MANAGE_ORDERS", "MANAGE_USERS", "MANAGE_CHECKOUTS"],
            "tokenTargetUrl": f"{receiver.url}/register",
            "requiredSaleorVersion": "^3.23",
            "webhooks": [
                {
                    "name": "self",
                    "targetUrl": f"{receiver.url}/hook",
                    "query": QUERY,
                    "customHeaders": {"X-Secret": "abc"},
                    "asyncEvents": ["APP_STATUS_CHANGED", "APP_DELETED"],
                }
            ],
            **manifest,
        }
        self.token: str | None = None
        self.seen_inside: Any = None
        self.register_answer: tuple[int, Any] = (200, {})
        receiver.answer = self.answer

    def answer(self, request: Received) -> tuple[int, Any]:
        if request.path == "/manifest":
            return 200, self.manifest
        if request.path == "/register":
            self.token = request.json["auth_token"]
            self.seen_inside = self.shop.anonymous.as_app(self.token).post(SELF).json()
            return self.register_answer
        return 200, {}

    def install(self, **extra: Any) -> list[dict[str, Any]]:
        """Ask for the installation and wait for its end; the failed rows of this App."""
        given = {
            "appName": self.manifest["id"],
            "manifestUrl": f"{self.receiver.url}/manifest",
            "permissions": ["MANAGE_ORDERS", "MANAGE_USERS"],
            **extra,
        }
        row = self.shop.owner.data(INSTALL, i=given)["appInstall"]["appInstallation"]
        assert (row["status"], row["message"]) == ("PENDING", None)
        return self.ended(row["id"])

    def ended(self, installation: str) -> list[dict[str, Any]]:
        """Wait for the end of an installation; its row if it failed. Other tests leave rows of their own."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            rows: list[dict[str, Any]] = [
                r for r in self.shop.owner.data(ROWS)["appsInstallations"] if r["id"] == installation
            ]
            if not rows or rows[0]["status"] == "FAILED":
                return rows
            time.sleep(0.02)
        raise AssertionError("the installation is still pending")

    @property
    def caller(self) -> Caller:
        assert self.token
        return self.shop.anonymous.as_app(self.token)


def test_the_handshake(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "one.example")
    assert plugin.install() == []
    [fetched] = receiver.hooks("/manifest")
    [posted] = receiver.hooks("/register")
    heads = [{k.lower(): v for k, v in r.headers.items()} for r in (fetched, posted)]
    assert heads[0]["saleor-schema-version"] == "3.23"
    assert "saleor-api-url" not in heads[0]
    assert heads[1]["saleor-api-url"] == "http://saleor.example/graphql/"
    assert heads[1]["saleor-domain"] == heads[1]["x-saleor-domain"] == "saleor.example"
    assert "saleor-signature" not in heads[1]
    assert plugin.token is not None
    assert len(plugin.token) == 30
    # With activation the token works while we are being told of it.
    assert plugin.seen_inside["data"]["app"]["isActive"] is True
    app = plugin.caller.data(SELF)["app"]
    # Granted is what appInstall was given, not what the manifest asks for.
    assert [p["code"] for p in app["permissions"]] == ["MANAGE_ORDERS", "MANAGE_USERS"]
    assert app["webhooks"] == [
        {
            "name": "self",
            "targetUrl": f"{receiver.url}/hook",
            "customHeaders": '{"x-secret": "abc"}',
            "asyncEvents": [{"eventType": "APP_STATUS_CHANGED"}, {"eventType": "APP_DELETED"}],
        }
    ]


def test_without_activation_the_token_is_dead_until_a_person_switches_it_on(
    shop: Shop, receiver: Receiver
) -> None:
    plugin = Plugin(shop, receiver, "two.example")
    assert plugin.install(activateAfterInstallation=False) == []
    assert plugin.seen_inside["data"]["app"] is None
    assert plugin.seen_inside["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"


def test_off_on_gone_and_back_again(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "three.example")
    plugin.install()
    app, old = plugin.caller.data(SELF)["app"]["id"], plugin.caller
    act = "mutation($i:ID!){%s(id:$i){errors{code}}}"
    shop.owner.data(act % "appDeactivate", i=app)
    assert receiver.wait(1)[0].json == {
        "__typename": "AppStatusChanged",
        "app": {"id": app, "isActive": False},
    }
    assert old.post(SELF).json()["data"]["app"] is None
    shop.owner.data(act % "appActivate", i=app)
    assert receiver.wait(2)[1].json["app"]["isActive"] is True
    shop.owner.data(act % "appDelete", i=app)
    assert receiver.wait(3)[2].json == {"__typename": "AppDeleted", "app": {"id": app}}
    assert old.post(SELF).json()["data"]["app"] is None
    assert plugin.install() == []
    assert plugin.caller.data(SELF)["app"]["id"] != app


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"requiredSaleorVersion": "^3.24"},
         "requiredSaleorVersion: ['Saleor version 3.23.28 is not supported by the app.']"),
        ({"tokenTargetUrl": "http://127.0.0.1:1/x"}, "Invalid target url"),
        ({"webhooks": [{"name": "x", "targetUrl": "http://x.example", "query": "subscription{event{no}}"}]},
         "webhooks: ['Subscription query is not valid: Cannot query field 'no' on type 'Event'."),
        ({"webhooks": [{"name": "x", "targetUrl": "http://x.example", "query": QUERY, "customHeaders": {"Foo": "1"}}]},
         'Invalid custom headers: "Foo" does not match allowed key pattern'),
        ({"extensions": [{"label": "x", "url": "/x", "mount": "HOMEPAGE_WIDGETS", "permissions": ["MANAGE_STAFF"]}]},
         "extensions: [\"Extension permission must be listed in App's permissions.\"]"),
        ({"name": ""}, "name: ['Field required']"),
    ],
)  # fmt: skip
def test_a_bad_manifest_fails_in_saleors_words(
    shop: Shop, receiver: Receiver, manifest: dict[str, Any], message: str
) -> None:
    [row] = Plugin(shop, receiver, "bad.example", **manifest).install()
    assert row["message"].startswith(message)
    shop.owner.data("mutation($i:ID!){appDeleteFailedInstallation(id:$i){errors{code}}}", i=row["id"])


def test_the_apps_refusal_is_shown_and_leaves_no_app(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "refusing.example")
    plugin.register_answer = 403, {"error": {"message": "We only accept merchants on the Pro plan"}}
    [row] = plugin.install()
    assert row["message"] == "We only accept merchants on the Pro plan"
    assert plugin.caller.post(SELF).json()["data"]["app"] is None
    plugin.register_answer = 200, {}
    shop.owner.data("mutation($i:ID!){appRetryInstall(id:$i){errors{code}}}", i=row["id"])
    assert plugin.ended(row["id"]) == []
    assert plugin.caller.data(SELF)["app"]["identifier"] == "refusing.example"


def test_the_same_identifier_is_installed_once(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "single.example")
    plugin.install()
    [row] = plugin.install()
    assert row["message"].startswith("identifier: ['App with the same identifier is already installed:")


def test_installing_needs_manage_apps(shop: Shop, receiver: Receiver) -> None:
    clerk = shop.anonymous.login("clerk@shop.example")
    [error] = clerk.post(INSTALL, i={"appName": "x", "manifestUrl": receiver.url}).json()["errors"]
    assert error["message"].endswith("MANAGE_APPS")


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [("^3.23", True), ("^3.24", False), (">=3.20 <3.23", False), (">=3.20 <4", True), ("3.23.x", True),
     ("~3.23.1", True), ("~3.22", False), ("2.x || 3.x", True), ("*", True), ("<=3.23", True), ("nonsense", False)],
)  # fmt: skip
def test_version_ranges(wanted: str, fits: bool) -> None:
    assert version_fits(wanted) is fits


def test_a_grant_can_be_changed(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "grant.example")
    plugin.install()
    app = plugin.caller.data(SELF)["app"]["id"]
    change = """mutation($i:ID!,$p:[PermissionEnum!]){appUpdate(id:$i,input:{permissions:$p,name:"Other"})
    {app{name permissions{code}} errors{code permissions}}}"""
    clerk = shop.anonymous.login("clerk@shop.example")
    assert clerk.errors(change, i=app, p=["MANAGE_ORDERS"])
    changed = shop.owner.data(change, i=app, p=["MANAGE_ORDERS"])["appUpdate"]["app"]
    assert changed == {"name": "Other", "permissions": [{"code": "MANAGE_ORDERS"}]}
    assert shop.owner.data(change, i=app, p=None)["appUpdate"]["app"]["permissions"] == [
        {"code": "MANAGE_ORDERS"}
    ]


def test_an_app_keeps_private_notes_of_its_own(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "notes.example")
    plugin.install()
    app = plugin.caller.data(SELF)["app"]["id"]
    write = "mutation($i:ID!,$m:[MetadataInput!]!){updatePrivateMetadata(id:$i,input:$m){errors{code}}}"
    note = [{"key": "k", "value": "v"}]
    plugin.caller.data(write, i=app, m=note)
    assert plugin.caller.data('{app{privateMetafield(key:"k")}}') == {"app": {"privateMetafield": "v"}}
    assert shop.app("MANAGE_ORDERS").errors(write, i=app, m=note)
    assert shop.anonymous.errors(write, i=app, m=note)


def test_staff_can_trigger_an_event_about_the_app_itself(shop: Shop, receiver: Receiver) -> None:
    plugin = Plugin(shop, receiver, "trigger.example")
    plugin.install()
    app = plugin.caller.data("{app{id webhooks{id}}}")["app"]
    trigger = """mutation($w:ID!,$o:ID!){webhookTrigger(webhookId:$w,objectId:$o)
    {delivery{status} errors{code}}}"""
    answer = shop.owner.data(trigger, w=app["webhooks"][0]["id"], o=app["id"])["webhookTrigger"]
    assert answer["delivery"] == {"status": "PENDING"}
    [got] = receiver.wait(1)
    # The first of the webhook's events by the alphabet, whatever the order in its query, true or not.
    assert got.json["__typename"] == "AppDeleted"
    assert got.json["app"]["id"] == app["id"]


def test_it_can_sign_with_another_key(shop: Shop) -> None:
    before, token = shop.standin.signer.kid, shop.owner.token
    kid = shop.anonymous.control("key")["kid"]
    assert kid != before
    assert [key["kid"] for key in shop.anonymous.client.get("/.well-known/jwks.json").json()["keys"]] == [kid]
    assert shop.anonymous.as_app(token or "").post("{me{id}}").json().get("data", {}).get("me") is None
    shop.owner = shop.anonymous.login("owner@shop.example")
    assert shop.owner.data("{me{id}}")["me"]
