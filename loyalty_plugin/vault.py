"""Encrypts what is secret at rest (tokens, webhook secrets, card keys); it stores nothing and never logs.

The keys are `LOYALTY["ENCRYPTION_KEYS"]`, newest first, or one derived from SECRET_KEY (and one from each of
SECRET_KEY_FALLBACKS, so that a rotation loses nothing).
"""

from __future__ import annotations

import base64

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


def _fernet() -> MultiFernet:
    if settings.ENCRYPTION_KEYS:
        return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
    secrets = [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([_derived(secret) for secret in secrets])


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
