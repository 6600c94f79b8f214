"""The WSGI door of the stand-in Saleor: routes requests and says honestly what this is; decides nothing else.

Not Saleor. It speaks a subset of Saleor 3.23's GraphQL API at `/graphql/` and its keys at
`/.well-known/jwks.json`. Everything under `/_standin/` is its control door, which Saleor does not have:
see `sandbox.saleor.control`.
"""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from .auth import requestor_of
from .context import Context
from .control import Control
from .options import Options
from .pace import Pace
from .standin import Standin

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

STATUS = {200: "200 OK", 400: "400 Bad Request", 401: "401 Unauthorized", 404: "404 Not Found",
          405: "405 Method Not Allowed", 500: "500 Internal Server Error"}  # fmt: skip
MAX_BODY = 8 * 1024 * 1024

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Stand-in Saleor</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#222}
code{background:#f3f3f1;padding:.1em .3em;border-radius:3px}</style>
<h1>This is not Saleor</h1>
<p>It is a stand-in for the sandbox and the tests: it speaks the part of Saleor&nbsp;3.23&rsquo;s GraphQL API
that a loyalty App uses, keeps its own database, signs its webhooks with its own key and repeats the habits
that were measured on a real Saleor. No payment is real.</p>
<p><code>/graphql/</code> the API &middot; <code>/.well-known/jwks.json</code> its key &middot;
<code>/_standin/</code> its control door, which Saleor does not have.</p></html>"""

NO_STOREFRONT = {
    "errors": [
        {
            "message": "Storefront traffic is not allowed.",
            "extensions": {"code": "STOREFRONT_TRAFFIC_NOT_ALLOWED"},
        }
    ]
}


def _out(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value)} is not JSON")


class App:
    """A WSGI application around one Standin."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.control = Control(standin)

    def close(self) -> None:
        self.standin.close()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        try:
            status, kind, body = self._answer(path, method, environ)
        except Exception:
            traceback.print_exc()
            status, kind, body = 500, "text/plain", b"Internal Server Error"
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(STATUS[status], headers)
        return [body]

    def _answer(self, path: str, method: str, environ: Environ) -> tuple[int, str, bytes]:
        if path in ("/graphql/", "/graphql"):
            if method != "POST":
                return 405, "text/plain", b"POST a GraphQL request."
            return _json(*self._graphql(environ))
        if path == "/.well-known/jwks.json":
            return _json(200, self.standin.signer.jwks())
        if path.startswith("/_standin"):
            return _json(*self.control.answer(path, method, environ.get("QUERY_STRING", ""), _read(environ)))
        if path == "/":
            return 200, "text/html; charset=utf-8", PAGE.encode()
        if path == "/health/":
            return 200, "text/plain", b"ok"
        return 404, "text/plain", b"Not found"

    def _graphql(self, environ: Environ) -> tuple[int, Any]:
        request = _read(environ)
        batch = isinstance(request, list)
        if batch:
            if len(request) != 1:
                message = "The batch exceeds the limit of 1 query."
                return 400, {"errors": [{"message": message}]}
            request = request[0]
        header = environ.get("HTTP_AUTHORIZATION", "") or environ.get("HTTP_AUTHORIZATION_BEARER", "")
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[0].strip()
        ctx = Context(
            self.standin,
            lambda: requestor_of(self.standin, header),
            Pace(self.standin.options.instant),
            ip=forwarded or environ.get("REMOTE_ADDR", ""),
        )
        if not self.standin.shop()["allowStorefrontTraffic"] and not _backstage(ctx):
            return 401, NO_STOREFRONT
        status, answer = self.standin.engine.run(ctx, request)
        ctx.pace.finish()
        return status, [answer] if batch else answer


def _backstage(ctx: Context) -> bool:
    try:
        requestor = ctx.requestor
    except Exception:
        return False
    return requestor is not None and (requestor.kind == "app" or requestor.is_staff)


def _read(environ: Environ) -> Any:
    length = min(int(environ.get("CONTENT_LENGTH") or 0), MAX_BODY)
    raw = environ["wsgi.input"].read(length) if length else b""
    try:
        return json.loads(raw, parse_float=Decimal) if raw else None
    except ValueError:
        return None


def _json(status: int, answer: Any) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(answer, default=_out).encode()


def create_from_env() -> App:
    """For a server that takes a factory; threads start here, in the process that serves."""
    return App(Standin(Options.from_env()))


class _Lazy:
    """Builds the application at the first request, so that importing this module opens nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._app: App | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            if self._app is None:
                self._app = create_from_env()
        return self._app(environ, start_response)


application = _Lazy()
