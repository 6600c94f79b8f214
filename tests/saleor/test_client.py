"""The client is bounded in every direction, takes errors under 200 for errors, and never lets the token out."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from loyalty_plugin.errors import AppTokenDead, SaleorError, SaleorUnreachable
from loyalty_plugin.saleor import client as room
from loyalty_plugin.saleor import http
from loyalty_plugin.saleor.client import SaleorClient
from tests.saleor.roomkit import API, TOKEN, Wire

OWN_APP = {"data": {"app": {"id": "QXBwOjE=", "identifier": "loyalty_plugin"}}}
DENIED = {
    "data": {"checkout": None},
    "errors": [{"message": "To access…", "extensions": {"exception": {"code": "PermissionDenied"}}}],
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.random, "uniform", lambda low, high: 0.0)


class Clock:
    """Stands in for `time` at the client: it moves only when a test, or the client's own pause, lets it."""

    time = staticmethod(time.time)

    def __init__(self) -> None:
        self.moment = 1_000.0

    def monotonic(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(room, "time", made)
    return made


def client(**more: float) -> SaleorClient:
    return SaleorClient(API, TOKEN, **more)


def test_an_operation_is_sent_with_the_token_and_numbers_come_back_exact(wire: Wire):
    wire.answer = lambda request: httpx.Response(200, content=b'{"data": {"checkout": {"price": 0.1}}}')
    assert client().execute("checkout", id="Q2g=") == {"checkout": {"price": Decimal("0.1")}}
    [request] = wire.requests
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    sent = json.loads(request.content)
    assert sent["variables"] == {"id": "Q2g="}
    assert "fragment CheckoutParts" in sent["query"]


def test_amounts_go_out_as_text(wire: Wire):
    wire.answer = lambda request: httpx.Response(200, json={"data": {"checkoutLinesUpdate": {"errors": []}}})
    client().execute("checkout_set_prices", id="Q2g=", lines=[{"price": Decimal("0.10")}])
    assert json.loads(wire.requests[0].content)["variables"]["lines"] == [{"price": "0.10"}]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_reads_are_tried_again_while_saleor_is_away(status: int, wire: Wire):
    answers = iter([httpx.Response(status), httpx.Response(status), httpx.Response(200, json=OWN_APP)])
    wire.answer = lambda request: next(answers)
    assert client().execute("own_app")["app"]["id"] == "QXBwOjE="
    assert len(wire.requests) == 3


def test_but_not_for_ever(wire: Wire):
    with pytest.raises(SaleorUnreachable):
        client().execute("own_app")
    assert len(wire.requests) == room.MAX_TRIES


def test_a_write_is_never_sent_twice(wire: Wire):
    wire.answer = lambda request: httpx.Response(502)
    with pytest.raises(SaleorUnreachable):
        client().execute("checkout_set_prices", id="Q2g=", lines=[])
    assert len(wire.requests) == 1


def test_unless_it_is_safe_to_repeat(wire: Wire):
    wire.answer = lambda request: httpx.Response(502)
    with pytest.raises(SaleorUnreachable):
        client().execute("webhook_update", id="V2g=", input={})
    assert len(wire.requests) == room.MAX_TRIES


@pytest.mark.parametrize(("ahead", "seconds"), [(0, 0), (400, 400), (-90, -90)])
def test_its_clock_is_read_from_its_answers(ahead: int, seconds: int, wire: Wire):
    date = formatdate(time.time() + ahead, usegmt=True)
    wire.answer = lambda request: httpx.Response(200, json=OWN_APP, headers={"Date": date})
    ours = client()
    ours.execute("own_app")
    assert abs(ours.skew - seconds) <= 30  # as long as the answer may have taken


def test_the_deadline_covers_all_tries(wire: Wire, clock: Clock):
    def slow(request: httpx.Request) -> httpx.Response:
        clock.sleep(2)
        return httpx.Response(503)

    wire.answer = slow
    with pytest.raises(SaleorUnreachable):
        client(deadline=3).execute("own_app")
    assert clock.moment == 1_004
    assert len(wire.requests) == 2


def test_an_answer_that_comes_drop_by_drop_ends_at_the_deadline(wire: Wire, clock: Clock):
    class Drops(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                clock.sleep(0.5)
                yield b" "

    wire.answer = lambda request: httpx.Response(200, stream=Drops())
    with pytest.raises(SaleorUnreachable):
        client(deadline=3).execute("checkout_set_prices", id="Q2g=", lines=[])
    assert clock.moment == 1_003.5


def test_an_endless_answer_is_cut_off(wire: Wire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "MAX_ANSWER", 1000)
    wire.answer = lambda request: httpx.Response(200, content=b" " * 1001)
    with pytest.raises(SaleorUnreachable):
        client().execute("checkout_set_prices", id="Q2g=", lines=[])


def test_a_redirect_is_not_followed(wire: Wire):
    wire.answer = lambda request: httpx.Response(301, headers={"Location": "https://evil.test/"})
    with pytest.raises(SaleorError):
        client().execute("own_app")
    assert len(wire.requests) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"data": null}', b'{"data": [1]}', b"[" * 9000])
def test_nonsense_is_an_error(content: bytes, wire: Wire):
    wire.answer = lambda request: httpx.Response(200, content=content)
    with pytest.raises(SaleorError):
        client().execute("own_app")


def test_errors_under_200_are_errors(wire: Wire):
    wire.answer = lambda request: httpx.Response(
        200, json={"data": {"checkout": {}}, "errors": [{"message": "Cannot query", "extensions": {}}]}
    )
    with pytest.raises(SaleorError) as raised:
        client().execute("checkout", id="Q2g=")
    assert raised.value.details["errors"] == [{"code": "", "field": "", "message": "Cannot query"}]


def test_a_mutations_own_errors_are_errors(wire: Wire):
    problem = {"field": "lines", "code": "NOT_FOUND", "message": "gone"}
    wire.answer = lambda request: httpx.Response(
        200, json={"data": {"checkoutLinesUpdate": {"checkout": None, "errors": [problem]}}}
    )
    with pytest.raises(SaleorError) as raised:
        client().execute("checkout_set_prices", id="Q2g=", lines=[])
    assert raised.value.details["errors"] == [problem]


def answer_for(app: object) -> object:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=app if b"OwnApp" in request.content else DENIED)

    return answer


def test_denied_with_a_living_token_is_a_missing_permission(wire: Wire):
    wire.answer = answer_for(OWN_APP)  # type: ignore[assignment]
    with pytest.raises(SaleorError) as raised:
        client().execute("checkout", id="Q2g=")
    assert raised.value.details["errors"][0]["code"] == "PermissionDenied"  # type: ignore[index]


@pytest.mark.parametrize(
    "app", [{"data": {"app": None}}, {"data": {"app": None}, "errors": DENIED["errors"]}]
)
def test_denied_with_a_token_nobody_knows_is_a_dead_token(app: object, wire: Wire):
    wire.answer = answer_for(app)  # type: ignore[assignment]
    with pytest.raises(AppTokenDead):
        client().execute("checkout", id="Q2g=")


def test_the_token_gets_into_no_message_and_no_log(wire: Wire, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    ours = client()
    with pytest.raises(SaleorUnreachable) as raised:
        ours.execute("own_app")
    chain, seen = raised.value, []
    while chain is not None:
        seen += [str(chain), repr(chain.__dict__)]
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)  # type: ignore[assignment]
    assert TOKEN not in " ".join([repr(ours), caplog.text, *seen])


def test_calls_share_connections_over_real_sockets(monkeypatch: pytest.MonkeyPatch):
    visits: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            visits.append(self)
            super().setup()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(OWN_APP).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: the test report is the place for findings."""

    monkeypatch.setattr(http, "_pools", {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/graphql/"
        for _ in range(5):
            SaleorClient(url, TOKEN).execute("own_app")
        assert len(visits) == 1
    finally:
        http.pool().close()
        server.shutdown()
        server.server_close()
