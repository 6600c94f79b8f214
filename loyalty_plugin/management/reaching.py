"""Knocks at our own public address as Saleor would, and says what stands in the way; stores nothing, follows nothing.

Saleor never repeats an event that was answered with 3xx or 4xx. What comes before the plugin (a redirect to https or
to another host, a login, a cache, another application) is only seen from outside.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urljoin

import httpx

SECONDS: Final = 10.0


def obstacles(
    events: str, manifest: str, client: httpx.Client | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """What keeps Saleor from these two absolute URLs, as (code, facts); empty where nothing does.

    The event we post is unsigned, so that 401 is the right answer: it is the plugin's own.
    """
    own = client or httpx.Client(timeout=SECONDS, follow_redirects=False)
    try:
        found = _events(own, events)
        return found or _manifest(own, manifest)
    finally:
        if client is None:
            own.close()


def _events(client: httpx.Client, url: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        answer = client.post(url, content=b"{}", headers={"Content-Type": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [("url_away", {"url": url, "error": f"{type(error).__name__}: {error}"})]
    if answer.is_redirect:
        to = urljoin(url, answer.headers.get("Location", ""))
        return [("url_redirects", {"url": url, "to": to, "status": answer.status_code})]
    if answer.status_code == 401 and "WWW-Authenticate" in answer.headers:
        return [("url_guarded", {"url": url, "status": 401})]
    if answer.status_code in (401, 503):
        return []
    if answer.status_code == 403:
        return [("url_guarded", {"url": url, "status": 403})]
    return [("url_answers", {"url": url, "status": answer.status_code})]


def _manifest(client: httpx.Client, url: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        answer = client.get(url)
        told = answer.json() if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError) as error:
        return [("url_away", {"url": url, "error": f"{type(error).__name__}: {error}"})]
    if not isinstance(told, dict) or "tokenTargetUrl" not in told:
        return [("url_answers", {"url": url, "status": answer.status_code})]
    return []
