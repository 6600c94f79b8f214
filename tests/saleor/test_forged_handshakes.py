"""Handshakes that were forged, over real sockets: none leaves a row, none makes a call outside the list, none holds us."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.saleor import client as client_room
from loyalty_plugin.saleor import install
from tests.saleor.roomkit import REGISTER, TOKEN
from tests.scale import PATIENCE

pytestmark = pytest.mark.django_db
Speak = Callable[[socket.socket], None]


class Listener:
    """A socket that counts who connects, and answers as it is told."""

    def __init__(self, speak: Speak) -> None:
        self.visits = 0
        self._speak = speak
        self._open = True
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/graphql/"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._open:
            try:
                visitor, _address = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            threading.Thread(target=self._answer, args=(visitor,), daemon=True).start()

    def _answer(self, visitor: socket.socket) -> None:
        try:
            with visitor:
                visitor.recv(65_536)
                self._speak(visitor)
        except OSError:
            return  # hung up on, as is to be hoped

    def visited(self) -> None:
        """Wait until somebody has come: whoever called may have given up before we were on our feet."""
        until = time.monotonic() + PATIENCE
        while not self.visits:
            assert time.monotonic() < until, "nobody came"
            time.sleep(0.01)

    def close(self) -> None:
        self._open = False
        self._socket.close()


@pytest.fixture
def listen() -> Iterator[Callable[[Speak], Listener]]:
    made: list[Listener] = []

    def listen(speak: Speak) -> Listener:
        made.append(Listener(speak))
        return made[-1]

    yield listen
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who never ends his answer is to meet it; whoever ends one may be slow, as machines are."""
    monkeypatch.setattr(install, "_HANDSHAKE_SECONDS", float(PATIENCE))
    monkeypatch.setattr(client_room, "MAX_ANSWER", 1_000_000)


def register(api_url: str, body: bytes = json.dumps({"auth_token": TOKEN}).encode()) -> tuple[int, float]:
    """Post a handshake; its status, and the seconds it took."""
    began = time.monotonic()
    answer = Client().post(
        REGISTER, body, content_type="application/json", headers={"Saleor-Api-Url": api_url}
    )
    return answer.status_code, time.monotonic() - began


def nothing_is_left() -> bool:
    return not (Realm.objects.exists() or Installation.objects.exists() or OutboxItem.objects.exists())


def say(text: bytes) -> Speak:
    return lambda visitor: visitor.sendall(text)


def silent(visitor: socket.socket) -> None:
    time.sleep(PATIENCE)


def drip_headers(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(5 * PATIENCE):
        visitor.sendall(b"x")
        time.sleep(0.2)


def drip_body(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(5 * PATIENCE):
        visitor.sendall(b" ")
        time.sleep(0.2)


def endless_body(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        visitor.sendall(b"fffa\r\n" + b" " * 0xFFFA + b"\r\n")


def bomb(visitor: socket.socket) -> None:
    import gzip

    packed = gzip.compress(b" " * 50_000_000)
    visitor.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    )


def endless_headers(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        visitor.sendall(b"X-Header: " + b"x" * 1000 + b"\r\n")


HELD_UP: dict[str, tuple[Speak, int]] = {
    "accepts and is silent": (silent, 503),
    "headers drop by drop": (drip_headers, 503),
    "body drop by drop": (drip_body, 503),
    "a body without end": (endless_body, 503),
    "a body that unpacks to fifty times the limit": (bomb, 503),
    "headers without end": (endless_headers, 503),
    "hangs up": (lambda visitor: None, 503),
    "no HTTP": (say(b"SSH-2.0-OpenSSH_9.2\r\n"), 503),
    "nonsense": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"), 403),
    "an App of another name": (
        say(
            b"HTTP/1.1 200 OK\r\nContent-Length: 79\r\n\r\n"
            b'{"data":{"app":{"id":"A","identifier":"x","isActive":true,"permissions":[]}}}  '
        ),
        403,
    ),
}


#: What only the deadline ends.
ENDLESS = (silent, drip_headers, drip_body)


@pytest.mark.parametrize("kind", HELD_UP)
def test_whoever_answers_on_the_list_neither_holds_us_nor_is_believed(
    kind: str, listen: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak, status = HELD_UP[kind]
    if speak in ENDLESS:
        monkeypatch.setattr(install, "_HANDSHAKE_SECONDS", 1.0)
    saleor = listen(speak)
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (saleor.url,)}
    told, seconds = register(saleor.url)
    assert told == status
    saleor.visited()
    # Far from the minutes of who is silent, whatever else the machine does.
    assert seconds < PATIENCE / 2
    assert nothing_is_left()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(status: int, listen: Any, settings: Any) -> None:
    inside = listen(say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    saleor = listen(
        say(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, inside.url.encode()))
    )
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (saleor.url,)}
    assert register(saleor.url)[0] == 403
    saleor.visited()
    assert inside.visits == 0
    assert nothing_is_left()


DISGUISES = [
    lambda url: url,  # an address of our own network
    lambda url: url.replace("127.0.0.1", "localhost"),
    lambda url: url.replace("127.0.0.1", "0x7f000001"),
    lambda url: url.replace("http://", "http://saleor.test@"),
    lambda url: url.replace("http://", "HTTP://"),
    lambda url: url + "?x=https://saleor.test/graphql/",
    lambda url: url + "#https://saleor.test/graphql/",
    lambda url: "https://saleor.test/graphql/\t" + url,
    lambda url: "https://saleor.test/graphql/, " + url,
]


@pytest.mark.parametrize("disguise", DISGUISES, ids=range(len(DISGUISES)))
def test_who_is_not_on_the_list_is_not_even_called(disguise: Any, listen: Any) -> None:
    inside = listen(say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    assert register(disguise(inside.url))[0] == 403
    time.sleep(0.05)
    assert inside.visits == 0
    assert nothing_is_left()


def test_a_huge_handshake_is_not_read_further(listen: Any, settings: Any) -> None:
    saleor = listen(silent)
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (saleor.url,)}
    huge = json.dumps({"auth_token": TOKEN, "more": "x" * 3_000_000}).encode()
    assert register(saleor.url, huge)[0] == 403
    assert saleor.visits == 0
    assert nothing_is_left()
