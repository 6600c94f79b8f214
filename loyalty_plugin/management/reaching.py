"""Knocks at our own public address as Saleor would, and says what stands in the way; stores nothing, follows nothing.

Saleor never repeats an event that was answered with 3xx or 4xx. What comes before the plugin (a redirect to https or
to another host, a login, a cache, another application) is only seen from outside.
"""

from __future__ import annotations

from typing import Final

import httpx

from loyalty_plugin.saleor.obstacles import Cause, cause

SECONDS: Final = 10.0


def obstacles(events: str, manifest: str, client: httpx.Client | None = None) -> list[Cause]:
    """What keeps Saleor from these two absolute URLs, as (code, facts); empty where nothing does.

    The event we post is unsigned, so that a refusal is the right answer: it is the plugin's own.
    """
    own = client or httpx.Client(timeout=SECONDS, follow_redirects=False)
    try:
        found = _events(own, events)
        return [found] if found else _manifest(own, manifest)
    finally:
        if client is None:
            own.close()


def _events(client: httpx.Client, url: str) -> Cause | None:
    try:
        answer = client.post(url, content=b"{}", headers={"Content-Type": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return cause(url, None, {}, f"{type(error).__name__}: {error}")
    return cause(url, answer.status_code, answer.headers, answer.text)


def _manifest(client: httpx.Client, url: str) -> list[Cause]:
    try:
        answer = client.get(url)
        told = answer.json() if answer.status_code == 200 else None
    except httpx.HTTPError as error:
        return [("url_away", {"url": url, "error": f"{type(error).__name__}: {error}"})]
    except ValueError:
        told = None
    if not isinstance(told, dict) or "tokenTargetUrl" not in told:
        found = cause(url, answer.status_code, answer.headers, answer.text)
        return [found or ("url_answers", {"url": url, "status": answer.status_code})]
    return []
