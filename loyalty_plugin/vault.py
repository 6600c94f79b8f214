"""Encrypts what is secret at rest (tokens, webhook secrets, card keys); it stores nothing and never logs.

The keys are `LOYALTY["ENCRYPTION_KEYS"]`, newest first, then one derived from SECRET_KEY and one from each of
SECRET_KEY_FALLBACKS, so that a rotation, or setting keys later, loses nothing.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from loyalty_plugin.conf import settings


def _derived(secret: str | bytes) -> Fernet:
    secret = secret.encode() if isinstance(secret, str) else secret
    key = HKDF(SHA256(), length=32, salt=None, info=b"loyalty_plugin.vault").derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))


@lru_cache(maxsize=4)
def _built(keys: tuple[str | bytes, ...], fallbacks: tuple[str | bytes, ...]) -> MultiFernet:
    # Derived keys stay in the list when keys are set: a shop may have begun without any.
    return MultiFernet([*map(Fernet, keys), *(_derived(secret) for secret in fallbacks if secret)])


def _fernet() -> MultiFernet:
    return _built(
        tuple(settings.ENCRYPTION_KEYS),
        (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS),
    )


def encrypt(secret: bytes) -> bytes:
    """The secret, to be stored; under the newest key."""
    return _fernet().encrypt(secret)


def decrypt(stored: bytes | memoryview) -> bytes:
    """What was encrypted. Raises ImproperlyConfigured when no key of the settings opens it."""
    try:
        return _fernet().decrypt(bytes(stored))
    except InvalidToken:
        raise ImproperlyConfigured(
            "No key in LOYALTY['ENCRYPTION_KEYS'] (or SECRET_KEY and its fallbacks) opens a stored secret."
        ) from None


def renew(stored: bytes | memoryview) -> bytes:
    """The same secret under the newest key. Raises ImproperlyConfigured as `decrypt`."""
    return encrypt(decrypt(stored))
