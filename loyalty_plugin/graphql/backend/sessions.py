"""Gives guests a signed session to which their checkouts are bound, and reads it back; keeps none and sets no cookie."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

from django.core import signing

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import SessionRefused

#: The header it is sent in. No cookie: another site's form can't act for anybody.
HEADER: Final = "Loyalty-Session"
_SALT: Final = "loyalty_plugin.backend.session"
_LONGEST: Final = 512
_DAY: Final = 24 * 60 * 60


def name_in(token: str) -> str:
    """The name a session was signed with. Raises SessionRefused where it is forged, of another key, or too old."""
    if len(token) > _LONGEST:
        raise SessionRefused()
    try:
        name = signing.loads(token, salt=_SALT, max_age=settings.SESSION_DAYS * _DAY)
    except signing.BadSignature:
        raise SessionRefused() from None
    if not isinstance(name, str) or not name:
        raise SessionRefused()
    return name


def new_name() -> str:
    """A session that nobody guesses."""
    return secrets.token_urlsafe(32)


def signed(name: str) -> str:
    """What its holder is given; good for SESSION_DAYS from now on."""
    return signing.dumps(name, salt=_SALT)


def digest(name: str) -> str:
    """What we keep of it: whoever reads our tables can't act for a guest."""
    return sha256(f"{_SALT}|{name}".encode()).hexdigest()
