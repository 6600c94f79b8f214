"""The command that connects: from nothing to a proven way back, and each obstacle by its name."""

from __future__ import annotations

import io
import time
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin.admin.advice import ADVICE
from loyalty_plugin.management.commands import loyalty_connect as command
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import http
from loyalty_plugin.saleor.manifest import PERMISSIONS
from tests.saleor.frontkit import Answer, Front, front
from tests.saleor.standinkit import PASSWORD
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare", "front"]


@pytest.fixture
def owner(bare: Thread, monkeypatch: pytest.MonkeyPatch) -> Thread:
    """The owner of the shop at a terminal, who may do everything in Saleor."""
    monkeypatch.setenv("SALEOR_TOKEN", bare.shop.owner.token or "")
    monkeypatch.delenv("SALEOR_EMAIL", raising=False)
    monkeypatch.delenv("SALEOR_PASSWORD", raising=False)
    monkeypatch.setattr(command, "_POLL", 0.02)
    return bare


@pytest.fixture
def fronted(owner: Thread, front: Front, settings: Any) -> Front:
    """The shop is reached through a web server of its own."""
    settings.LOYALTY = {**settings.LOYALTY, "PUBLIC_URL": front.url}
    return front


def connect(*arguments: str) -> str:
    out = io.StringIO()
    call_command("loyalty_connect", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as raised:
        connect(*arguments)
    return str(raised.value)


def advice(code: str) -> str:
    """The next step of a finding, by which it is known in the command's words."""
    return str(ADVICE[code][1])


def test_from_nothing_to_a_proven_way_back(owner: Thread) -> None:
    said = connect()
    for code, why in PERMISSIONS.items():
        assert code in said
        assert str(why) in said
    assert f"{owner.url}/loyalty/saleor/events" in said
    assert "ORDER_FULLY_PAID" in said
    assert "Saleor sent an event and it came" in said
    assert said.rstrip().endswith(f"{API} is connected.")
    row = Installation.objects.get()
    assert row.state == "active"
    # The first by the alphabet: it claims that the App is gone, and a look finds it there.
    assert InboxItem.objects.get().event == "AppDeleted"
    # The staff's token proved it: no change of our own was needed.
    owner.settle()
    assert not InboxItem.objects.filter(event="CheckoutCreated").exists()
    row.refresh_from_db()
    assert row.state == "active"
    # Again: nothing is installed a second time.
    again = connect(API)
    assert "installed already" in again
    assert Installation.objects.count() == 1


def test_a_dry_run_tells_and_changes_nothing(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALEOR_TOKEN")
    said = connect("--dry-run")
    assert "MANAGE_ORDERS" in said
    assert "Nothing was changed." in said
    assert owner.app() is None
    assert not Installation.objects.exists()


def test_by_email_and_password_of_the_environment(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALEOR_TOKEN")
    assert "Set SALEOR_TOKEN" in refused()
    monkeypatch.setenv("SALEOR_EMAIL", "owner@shop.example")
    monkeypatch.setenv("SALEOR_PASSWORD", "wrong")
    assert "does not know" in refused()
    time.sleep(1.1)  # Saleor lets nobody guess faster
    monkeypatch.setenv("SALEOR_PASSWORD", PASSWORD)
    assert "is connected" in connect()


def test_by_a_prompt(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALEOR_TOKEN")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda words: "owner@shop.example")
    monkeypatch.setattr(command, "getpass", lambda words: PASSWORD)
    time.sleep(1.1)
    assert "is connected" in connect()


def test_no_secret_may_be_an_argument() -> None:
    parser = command.Command().create_parser("manage.py", "loyalty_connect")
    options = {option for action in parser._actions for option in action.option_strings}
    assert not [one for one in options if any(word in one for word in ("token", "password", "email"))]


def test_a_person_who_may_not_manage_apps(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = owner.shop.anonymous.login("clerk@shop.example")
    monkeypatch.setenv("SALEOR_TOKEN", clerk.token or "")
    said = refused()
    assert "may not do that" in said
    assert (clerk.token or "-") not in said


def test_a_saleor_that_is_not_listed(owner: Thread, settings: Any) -> None:
    assert 'LOYALTY["SALEOR_API_URLS"]' in refused("https://other.example/graphql/")
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (API, "https://b.example/graphql/")}
    assert "Say which Saleor" in refused()


def test_the_token_is_not_ours(owner: Thread) -> None:
    connect()
    Installation.objects.all().update(state="deleted")
    assert "--replace" in refused()
    assert "The old App was deleted" in connect("--replace")
    assert Installation.objects.filter(state="active").count() == 1


def test_switched_off_in_the_dashboard(owner: Thread) -> None:
    connect()
    owner.act("appDeactivate")
    owner.shop.settled(60)
    assert "active again" in connect()
    assert Installation.objects.get().state == "active"


def test_what_was_not_granted_is_granted_when_it_is_run_again(owner: Thread) -> None:
    owner.install(["MANAGE_ORDERS"])
    said = connect()
    assert "It may do more now: HANDLE_CHECKOUTS, MANAGE_CHECKOUTS, MANAGE_DISCOUNTS, MANAGE_USERS." in said
    assert set(Installation.objects.get().permissions) == set(PERMISSIONS)


def test_a_new_secret(owner: Thread) -> None:
    connect()
    before = bytes(Installation.objects.get().secret)
    connect("--new-secret")
    assert bytes(Installation.objects.get().secret) != before


def test_what_saleor_says_of_a_failed_installation(fronted: Front, owner: Thread) -> None:
    wrong = b'{"id": "loyalty_plugin", "name": "M", "version": "1", "tokenTargetUrl": "http://x:1/"}'
    fronted.rule = lambda method, path, headers: (
        (200, {"Content-Type": "application/json"}, wrong) if path.endswith("/manifest") else None
    )
    assert "Invalid target url" in refused()
    assert owner.shop.owner.data("{appsInstallations{id}}")["appsInstallations"] == []


HTML = {"Content-Type": "text/html; charset=utf-8"}
PATH = "/loyalty/saleor/events"
OBSTACLES: dict[str, Answer] = {
    "url_to_https": (301, {"Location": f"https://127.0.0.1{PATH}"}, b""),
    "url_slash": (308, {"Location": f"{PATH}/"}, b""),
    "url_language": (302, {"Location": f"/zh-hans{PATH}"}, b""),
    "url_other_host": (301, {"Location": f"https://www.shop.example{PATH}"}, b""),
    "url_redirects": (302, {"Location": "/maintenance/"}, b""),
    "url_guarded": (401, {"WWW-Authenticate": 'Basic realm="staging"', **HTML}, b"Who are you?"),
    "url_filtered": (403, HTML, b"<h1>Forbidden</h1>"),
    "url_page": (404, HTML, b"<h1>Page not found</h1>"),
    "url_host_refused": (400, HTML, b"<h1>Bad Request (400)</h1>"),
}


@pytest.mark.parametrize("code", OBSTACLES)
def test_what_only_saleor_meets_is_named(code: str, fronted: Front, owner: Thread) -> None:
    """From here everything is open: it is Saleor's own delivery that tells."""
    fronted.stand_in_the_way(OBSTACLES[code])
    assert advice(code) in refused()
    assert ("POST", PATH, "Saleor/3.23") in fronted.seen
    # What stood there is gone: the same command again proves it.
    fronted.rule = lambda method, path, headers: None
    assert "is connected" in connect()


def test_what_everybody_meets_is_named_before_anything_is_changed(fronted: Front, owner: Thread) -> None:
    fronted.stand_in_the_way(OBSTACLES["url_to_https"], of="")
    assert advice("url_to_https") in refused()
    assert owner.app() is None


def test_a_saleor_that_may_not_call_private_addresses(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    def filtered(*_: Any, **__: Any) -> Any:
        # As its filter words it: the address and nothing else.
        raise httpx.ConnectError("127.0.0.1")

    connect()
    monkeypatch.setattr(owner.shop.standin.deliverer._client, "post", filtered)
    said = refused()
    assert advice("url_private") in said
    assert "127.0.0.1" in said


def test_a_saleor_that_never_sends(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    connect()
    monkeypatch.setattr(owner.shop.standin.deliverer, "wake", lambda: None)
    monkeypatch.setattr(owner.shop.standin.deliverer, "_dispatch", lambda: 5.0)
    monkeypatch.setattr(command, "EVENT_SECONDS", 1.0)
    assert "neither delivered it nor said why" in refused()
    monkeypatch.undo()
    owner.shop.standin.deliverer.wake()


def test_clocks_that_differ_are_told(owner: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = owner.shop.anonymous.client

    def ahead(request: httpx.Request) -> httpx.Response:
        request.headers.pop("Host")
        answer = shop.request(request.method, request.url, content=request.read(), headers=request.headers)
        date = formatdate(now().timestamp() + 400, usegmt=True)
        return httpx.Response(answer.status_code, content=answer.content, headers={"Date": date})

    client = httpx.Client(transport=httpx.MockTransport(ahead))
    monkeypatch.setattr(http, "pool", lambda: client)
    said = connect()
    assert "seconds ahead of this machine's" in said
    assert advice("clock_skew") in said
