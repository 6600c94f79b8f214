"""Sends one named operation to one Saleor and says what came of it; decides nothing about what is in the answer.

Bounded in every direction: a total deadline that includes retries, a largest answer, retries with jitter for reads
and for writes that are safe to repeat (any other that was perhaps done is never sent twice), no redirects. GraphQL
errors come under HTTP 200 and are raised. Numbers with decimals are parsed as Decimal. The token is in no message, log
or repr.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import AppTokenDead, SaleorError, SaleorUnreachable
from loyalty_plugin.saleor import http
from loyalty_plugin.saleor.documents import Document, document

MAX_ANSWER: Final = 32 * 1024 * 1024
MAX_TRIES: Final = 3
#: Saleor gave no answer of its own: a proxy, an overload, a restart.
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_DENIED: Final = "PermissionDenied"


class SaleorClient:
    """Calls one Saleor, as an App when it has a token. Cheap to make: the connections are the process's."""

    def __init__(self, api_url: str, token: str = "", *, deadline: float | None = None) -> None:
        self.api_url = api_url
        self._token = token
        self._seconds = float(settings.SALEOR_DEADLINE) if deadline is None else deadline
        #: By how many seconds its clock was ahead of ours when it last answered.
        self.skew = 0

    def __repr__(self) -> str:
        return f"<SaleorClient {self.api_url}>"

    def execute(self, operation: str, **variables: Any) -> Mapping[str, Any]:
        """The `data` of an operation of `operations/`.

        Raises SaleorUnreachable when no answer came in time, AppTokenDead when Saleor no longer knows our token,
        SaleorError for an answer that is an error (details: operation, errors), a mutation's own errors included.
        """
        doc = document(operation)
        data = self._data(doc, self._send(doc, variables))
        if doc.writes:
            for payload in data.values():
                if problems := (payload or {}).get("errors"):
                    raise SaleorError(operation=operation, errors=_plain(problems))
        return data

    def pass_on(
        self, operation: str, variables: Mapping[str, Any], *, address: str = ""
    ) -> Mapping[str, Any]:
        """The whole answer of an operation as Saleor gave it, errors included, for somebody who asked through us.

        `address` is theirs: Saleor slows down and notes by it. Raises as `execute`, but not for errors in an answer.
        """
        doc = document(operation)
        answer = self._send(doc, variables, {"X-Forwarded-For": address} if address else {})
        errors = answer.get("errors") or ()
        if any(one["code"] == _DENIED for one in _plain(errors)) and not self.alive():
            raise AppTokenDead(operation=operation)
        if not isinstance(answer.get("data"), dict) and not errors:
            raise SaleorError(operation=operation, errors=[])
        return answer

    def alive(self) -> bool:
        """Whether Saleor knows our token; a dead one is answered as if nobody had asked. Raises as `execute`."""
        doc = document("own_app")
        answer = self._send(doc, {})
        return bool((answer.get("data") or {}).get("app"))

    def _data(self, doc: Document, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        errors = _plain(answer.get("errors") or ())
        if not errors and isinstance(answer.get("data"), dict):
            return answer["data"]
        if any(error["code"] == _DENIED for error in errors) and not self.alive():
            raise AppTokenDead(operation=doc.name)
        raise SaleorError(operation=doc.name, errors=errors)

    def _send(
        self, doc: Document, variables: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        until = time.monotonic() + self._seconds
        body = json.dumps({"query": doc.text, "variables": variables}, default=_number).encode()
        for attempt in range(1, MAX_TRIES + 1):
            try:
                return self._once(doc, body, until, headers or {})
            except SaleorUnreachable:
                # Full jitter: many workers that failed together must not come back together.
                pause = random.uniform(0, 0.25 * 2**attempt)
                if not doc.repeatable or attempt == MAX_TRIES or time.monotonic() + pause >= until:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable")

    def _once(
        self, doc: Document, body: bytes, until: float, headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        with (
            _translated(doc),
            http.deadline(until),
            http.pool().stream(
                "POST",
                self.api_url,
                content=body,
                headers={**headers, **self._headers()},
                timeout=_timeout(until),
            ) as response,
        ):
            content = _read(response, until)
        self.skew = _skew(response.headers.get("Date", ""))
        if response.status_code in _PASSING:
            raise SaleorUnreachable(operation=doc.name, status=response.status_code)
        try:
            answer = json.loads(content, parse_float=Decimal)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise SaleorError(operation=doc.name, status=response.status_code, errors=[])
        return answer

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


@contextmanager
def _translated(doc: Document) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        # Without the cause: an httpx exception carries the request, and that our token.
        raise SaleorUnreachable(operation=doc.name, reason=type(error).__name__) from None


def _timeout(until: float) -> httpx.Timeout:
    left = until - time.monotonic()
    if left <= 0:
        raise SaleorUnreachable(reason="deadline")
    return httpx.Timeout(left, connect=min(http.CONNECT_SECONDS, left))


def _read(response: httpx.Response, until: float) -> bytes:
    """The body, unless it comes drop by drop beyond the deadline or never ends."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER or time.monotonic() > until:
            raise SaleorUnreachable(reason="deadline" if len(content) <= MAX_ANSWER else "too_large")
    return bytes(content)


def _skew(date: str) -> int:
    """Seconds between what the answer says and our clock; a second or two is what an answer takes."""
    try:
        return round(parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return 0


def _plain(errors: Any) -> list[dict[str, str]]:
    """Errors as code, field and message only: what else an answer holds stays out of our logs."""
    plain = []
    for error in errors:
        extensions = error.get("extensions") or {}
        code = error.get("code") or (extensions.get("exception") or {}).get("code") or extensions.get("code")
        plain.append(
            {
                "code": str(code or ""),
                "field": str(error.get("field") or ""),
                "message": str(error.get("message") or "")[:500],
            }
        )
    return plain


def _number(value: object) -> object:
    if isinstance(value, Decimal):
        # Saleor's PositiveDecimal reads a string exactly, a JSON number as a float.
        return str(value)
    raise TypeError(f"{type(value).__name__} can't be sent")
