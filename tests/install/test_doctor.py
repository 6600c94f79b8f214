"""The doctor's command: one line and one step for each finding, its exit code, and what it hears at the public address."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from loyalty_plugin import registry
from loyalty_plugin.admin.advice import ADVICE, told
from loyalty_plugin.management import lines, reaching
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor.obstacles import DOOR, cause
from tests.factories import NOW, REALM
from tests.install import urlconfs
from tests.install.doctorkit import EVENTS, MANIFEST, shop

__all__ = ["shop"]


# -- the command -----------------------------------------------------------------------------------------------


def examined(*options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("loyalty_doctor", *options, stdout=out, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_each_finding_is_one_line_with_its_next_step(
    shop: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.ports.clock, "now", lambda: NOW, raising=False)
    code, said = examined("--offline")
    assert code == 0
    assert "loyalty_plugin.W006" in said
    assert "Nothing is broken" in said.splitlines()[-1]

    Installation.objects.update(state="dead")
    code, said = examined("--offline")
    assert code == 1
    (line,) = [one for one in said.splitlines() if "installation_dead" in one]
    assert line.startswith("✗ installation_dead")
    assert line.endswith(f"→ Install the App there again, from {MANIFEST}")
    assert "must be mended" in said.splitlines()[-1]

    code, said = examined("--offline", "--json")
    report = json.loads(said)
    assert (code, report["ok"]) == (1, False)
    dead = next(one for one in report["findings"] if one["id"] == "installation_dead")
    assert (dead["level"], dead["facts"]["saleor"]) == ("error", REALM)


def test_it_knocks_at_the_public_address(shop: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def obstacles(events: str, manifest: str) -> list[tuple[str, dict[str, Any]]]:
        asked.append((events, manifest))
        return [("url_redirects", {"url": events, "to": "https://www.shop.example/", "status": 301})]

    monkeypatch.setattr(registry.ports.clock, "now", lambda: NOW, raising=False)
    monkeypatch.setattr(reaching, "obstacles", obstacles)
    code, said = examined()
    assert asked == [(EVENTS, MANIFEST)]
    assert code == 1
    assert "secrets_locked" in said  # what the fixture stored is no token
    assert "https://www.shop.example/" in said


def test_a_database_that_is_away_is_a_finding(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("connection refused\nand more")

    monkeypatch.setattr("loyalty_plugin.management.commands.loyalty_doctor.MigrationExecutor", away)
    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", away)
    code, said = examined("--offline")
    assert code == 1
    assert "database_away  The database does not answer: connection refused  →" in said


def test_the_lines_are_printed_by_both_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examined("--settings") == (0, lines.LINES)
    assert len(lines.LINES.splitlines()) == 10
    monkeypatch.setattr("sys.argv", ["loyalty_doctor", "--settings"])
    lines.main()
    assert capsys.readouterr().out == lines.LINES
    monkeypatch.setattr("sys.argv", ["loyalty_doctor"])
    with pytest.raises(SystemExit, match="python manage"):
        lines.main()


# -- knocking --------------------------------------------------------------------------------------------------

Answer = Callable[[httpx.Request], httpx.Response]


def knock(
    events: Answer, manifest: Answer = lambda _: httpx.Response(200, json={"tokenTargetUrl": "x"})
) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        return events(request) if str(request.url) == EVENTS else manifest(request)

    client = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=False)
    found = reaching.obstacles(EVENTS, MANIFEST, client)
    for code, facts in found:
        what, step = told(code, facts)
        assert "{" not in what + step
    return [code for code, _ in found]


def test_our_own_refusal_is_the_right_answer(client: Any, db: None) -> None:
    def ours(request: httpx.Request) -> httpx.Response:
        answer = client.generic(
            request.method, request.url.path, request.content, content_type="application/json"
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    assert knock(ours, ours) == []


def test_what_may_stand_in_the_way() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    login = httpx.Response(401, headers={"WWW-Authenticate": "Basic"})
    ours = httpx.Response(401, headers={DOOR: "events"})
    assert knock(lambda _: httpx.Response(301, headers={"Location": "/en/"})) == ["url_redirects"]
    assert knock(lambda _: login) == ["url_guarded"]
    assert knock(lambda _: httpx.Response(403)) == ["url_filtered"]
    assert knock(lambda _: httpx.Response(404)) == ["url_answers"]
    assert knock(lambda _: httpx.Response(404, html="<h1>Not found</h1>")) == ["url_page"]
    assert knock(lambda _: httpx.Response(200)) == ["url_answers"]
    assert knock(lambda _: httpx.Response(401)) == ["url_answers"]  # somebody else's
    assert knock(lambda _: httpx.Response(503, html="<h1>Maintenance</h1>")) == ["url_answers"]
    assert knock(away) == ["url_away"]
    assert knock(lambda _: ours) == []
    assert knock(lambda _: ours, lambda _: httpx.Response(200, html="<html>")) == ["url_page"]
    assert knock(lambda _: ours, lambda _: httpx.Response(404)) == ["url_answers"]
    assert knock(lambda _: ours, away) == ["url_away"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate is not yet valid", "url_certificate"),
        ("10.0.0.7", "url_private"),
        ("::1", "url_private"),
        ("ConnectTimeout: timed out", "url_away"),
    ],
)
def test_why_there_was_no_answer(text: str, code: str) -> None:
    found = cause(EVENTS, None, {}, text)
    assert found
    assert found[0] == code
    what, step = told(*found)
    assert "{" not in what + step


HOSTS: dict[str, tuple[dict[str, Any], str]] = {
    "ssl redirect": ({"SECURE_SSL_REDIRECT": True}, "url_to_https"),
    "one canonical host": ({"PREPEND_WWW": True}, "url_other_host"),
    "wrong host": ({"ALLOWED_HOSTS": ["elsewhere.example"]}, "url_host_refused"),
    "languages around it": ({"ROOT_URLCONF": urlconfs.by_language}, "url_language"),
    "a slash is wanted": ({"ROOT_URLCONF": urlconfs.with_a_slash}, "url_slash"),
    "a login for all": ({"ROOT_URLCONF": urlconfs.behind_a_login}, "url_guarded"),
    # Wagtail's own pages end with a slash, so that its catch-all is first met as a redirect.
    "pages catch all": ({"ROOT_URLCONF": urlconfs.not_mounted}, "url_slash"),
    "pages catch all at once": ({"ROOT_URLCONF": urlconfs.not_mounted, "APPEND_SLASH": False}, "url_page"),
    "as printed": ({}, ""),
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_configured_so_is_told_so(host: str, db: None, settings: Any) -> None:
    """Django itself answers, with its middleware and these settings."""
    given, code = HOSTS[host]
    settings.MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
    ]
    settings.ALLOWED_HOSTS = ["shop.example"]
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    for name, value in given.items():
        setattr(settings, name, value)
    url = EVENTS.replace("https:", "http:")

    def django(request: httpx.Request) -> httpx.Response:
        answer = Client(raise_request_exception=False).generic(
            request.method,
            request.url.path,
            request.content,
            content_type="application/json",
            headers={"Host": "shop.example", "Accept-Language": "de"},
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    client = httpx.Client(transport=httpx.MockTransport(django), follow_redirects=False)
    assert [one for one, _facts in reaching.obstacles(url, url[:-6] + "manifest", client)] == (
        [code] if code else []
    )


def test_all_words_can_be_filled() -> None:
    for what, step in ADVICE.values():
        assert str(what)
        assert str(step)
