"""Keeps the public keys of the Saleors we may talk to; fetches them from the allow-listed origin only, and seldom.

Keys live on the realm's row and in the memory of each process. An unknown key is a reason to look again, but not
oftener than every few seconds and by one thread at a time, so that invented key ids neither flood Saleor nor keep a
truly new key out for longer than that.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from django.utils import timezone
from jwt import PyJWKSet
from jwt.exceptions import PyJWTError

from loyalty_plugin.errors import TryLater
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.saleor import http
from loyalty_plugin.saleor.connections import allowed

#: After this the keys are fetched again; when that fails the old ones serve on, but no longer than MAX_AGE.
LIFETIME: Final = timedelta(hours=1)
MAX_AGE: Final = timedelta(hours=24)
#: Seconds between two looks for an unknown key.
PAUSE: Final = 10.0
_MAX_BYTES: Final = 64 * 1024
_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one Saleor and when they were read."""

    keys: PyJWKSet
    read_at: datetime


_held: dict[str, Keys] = {}
_asked: dict[str, float] = {}
#: One for each Saleor: a slow one, or one whose keys somebody keeps asking for, makes no other wait.
_asking: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def current(api_url: str) -> PyJWKSet:
    """The keys as far as we know them. Raises TryLater when there are none and none can be read now."""
    held = _held.get(api_url) or _stored(api_url)
    age = timezone.now() - held.read_at if held else MAX_AGE
    if held is not None and age < LIFETIME:
        return held.keys
    try:
        return newer(api_url)
    except TryLater:
        if held is not None and age < MAX_AGE:
            return held.keys
        raise


def newer(api_url: str) -> PyJWKSet:
    """Keys read later than those we hold: another process's, or fetched now. Raises TryLater."""
    held = _held.get(api_url)
    stored = _stored(api_url)
    newer_stored = stored is not None and (held is None or stored.read_at > held.read_at)
    if stored is not None and newer_stored and timezone.now() - stored.read_at < LIFETIME:
        return stored.keys
    asking = _asking[api_url]
    if not asking.acquire(blocking=False):
        raise TryLater(reason="keys_being_read")
    try:
        if time.monotonic() - _asked.get(api_url, -PAUSE) < PAUSE:
            raise TryLater(reason="keys_read_just_now")
        _asked[api_url] = time.monotonic()
        return _keep(api_url, _fetch(api_url))
    finally:
        asking.release()


def forget() -> None:
    """Drop what this process holds: between tests."""
    _held.clear()
    _asked.clear()


def _stored(api_url: str) -> Keys | None:
    row = Realm.objects.filter(api_url=api_url, jwks_read_at__isnull=False).first()
    if row is None or row.jwks_read_at is None:
        return None
    return _hold(api_url, row.jwks, row.jwks_read_at)


def _hold(api_url: str, jwks: dict[str, Any], read_at: datetime) -> Keys | None:
    try:
        keys = Keys(PyJWKSet.from_dict(jwks), read_at)
    except (PyJWTError, TypeError, AttributeError):
        return None
    _held[api_url] = keys
    return keys


def _keep(api_url: str, jwks: dict[str, Any]) -> PyJWKSet:
    read_at = timezone.now()
    keys = _hold(api_url, jwks, read_at)
    if keys is None:
        raise TryLater(reason="keys_unusable")
    realm = Realm.objects.filter(api_url=api_url)
    before = realm.values_list("jwks", flat=True).first()
    if before and not _kids(before) & _kids(jwks):
        # Rotated, or another server answers: it is believed, since it is on the list, and a person is told.
        realm.update(keys_changed_at=read_at)
    realm.update(jwks=jwks, jwks_read_at=read_at)
    return keys.keys


def _kids(jwks: dict[str, Any]) -> set[str]:
    return {str(key.get("kid")) for key in jwks.get("keys", ())}


def _fetch(api_url: str) -> dict[str, Any]:
    if not allowed(api_url):
        raise TryLater(reason="not_listed")
    origin = urlsplit(api_url)
    url = f"{origin.scheme}://{origin.netloc}/.well-known/jwks.json"
    until = time.monotonic() + _SECONDS
    content = b""
    timeout = httpx.Timeout(_SECONDS, connect=http.CONNECT_SECONDS)
    try:
        with http.deadline(until), http.pool().stream("GET", url, timeout=timeout) as response:
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MAX_BYTES or time.monotonic() > until:
                    raise TryLater(reason="keys_unreadable")
            status = response.status_code
        answer = json.loads(content) if status == 200 else None
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        raise TryLater(reason="keys_unreadable") from error
    if not isinstance(answer, dict):
        raise TryLater(reason="keys_unreadable")
    return answer
