"""A web server in front of the shop, as shops have one: passes everything on, and stands in the way when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

Answer = tuple[int, dict[str, str], bytes]
#: (method, path, headers in lower case) to an answer of the front's own, None to pass the request on.
Rule = Callable[[str, str, dict[str, str]], Answer | None]
_HOP = {"connection", "transfer-encoding", "content-encoding", "content-length", "server", "date"}


class Front:
    """Listens on a port of its own; `seen` tells who came with what, `rule` decides."""

    def __init__(self, shop_url: str) -> None:
        self.rule: Rule = lambda method, path, headers: None
        self.seen: list[tuple[str, str, str]] = []
        outer = self
        client = httpx.Client(base_url=shop_url, timeout=60, follow_redirects=False, trust_env=False)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._handle()

            def do_GET(self) -> None:
                self._handle()

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sent = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append((self.command, self.path, sent.get("user-agent", "")))
                given = outer.rule(self.command, self.path, sent)
                if given is None:
                    kept = {name: value for name, value in sent.items() if name not in _HOP | {"host"}}
                    answer = client.request(self.command, self.path, content=body, headers=kept)
                    headers = {n: v for n, v in answer.headers.items() if n.lower() not in _HOP}
                    given = (answer.status_code, headers, answer.content)
                status, headers, content = given
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Quiet: the test report is the place for findings."""

        self._client = client
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stand_in_the_way(self, answer: Answer, *, of: str = "Saleor") -> None:
        """Give this answer to whom calls himself so, at the address of events."""

        def rule(method: str, path: str, headers: dict[str, str]) -> Answer | None:
            met = path.endswith("/events") and of in headers.get("user-agent", "")
            return answer if met else None

        self.rule = rule

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()


@pytest.fixture
def front(live_server: Any) -> Iterator[Front]:
    made = Front(live_server.url)
    yield made
    made.close()
