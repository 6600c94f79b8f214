"""Finds our installation at a Saleor with its secrets opened, and remembers it for some seconds; changes nothing."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from loyalty_plugin import vault
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import TryLater
from loyalty_plugin.models.realms import Installation, Realm

#: A change of secret or state reaches every process within this time; a refusal always looks again first.
SECONDS: Final = 5.0
LOCKED: Final = "secrets_locked"

_lock = threading.Lock()
_known: dict[str, tuple[float, Connected | None]] = {}


@dataclass(frozen=True, slots=True)
class Connected:
    """One installation that has not ended. Secrets are kept out of its repr."""

    realm_id: int
    api_url: str
    installation_id: int
    app_id: str
    state: str
    token: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def allowed(api_url: str) -> bool:
    """Whether this is the API URL of a Saleor that may connect at all."""
    return api_url in settings.SALEOR_API_URLS


def connected(api_url: str, *, fresh: bool = False) -> Connected | None:
    """Our installation there, None without one that is alive (a dead token counts: it may be mended).

    Raises TryLater (reason LOCKED) where no key opens its secrets.
    """
    now = time.monotonic()
    held = _known.get(api_url)
    if held is not None and not fresh and now - held[0] < SECONDS:
        return held[1]
    found = _read(api_url)
    with _lock:
        if len(_known) > 100:
            _known.clear()
        _known[api_url] = (now, found)
    return found


def forget() -> None:
    """Look everything up anew: after a change of ours, and between tests."""
    with _lock:
        _known.clear()


def ever_connected(api_url: str) -> bool:
    """Whether that Saleor ever installed us."""
    return Installation.objects.filter(realm__api_url=api_url).exists()


def realm_of(api_url: str) -> Realm | None:
    """The realm's row."""
    return Realm.objects.filter(api_url=api_url).first()


def _read(api_url: str) -> Connected | None:
    row = (
        Installation.objects.select_related("realm")
        .filter(realm__api_url=api_url)
        .exclude(state__in=Installation.ENDED)
        .order_by("-pk")
        .first()
    )
    if row is None:
        return None
    try:
        token = vault.decrypt(row.token).decode()
        secrets = tuple(vault.decrypt(s).decode() for s in (row.secret, row.previous_secret) if s)
    except ImproperlyConfigured:
        # Until the key is back, whatever comes is put off and nothing goes out; the doctor names it.
        raise TryLater(reason=LOCKED, realm=api_url) from None
    return Connected(
        realm_id=row.realm_id,
        api_url=api_url,
        installation_id=row.pk,
        app_id=row.app_id,
        state=row.state,
        token=token,
        secrets=secrets,
    )
