"""What is stored encrypted opens with any key that is still configured, and with no other."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from loyalty_plugin import vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def use(settings: Any, *keys: str, secret: str = "s" * 50, fallbacks: tuple[str, ...] = ()) -> None:
    settings.LOYALTY = {"ENCRYPTION_KEYS": keys}
    settings.SECRET_KEY = secret
    settings.SECRET_KEY_FALLBACKS = list(fallbacks)


def test_it_opens_again_and_never_looks_the_same(settings: Any):
    use(settings)
    once, twice = vault.encrypt(b"token"), vault.encrypt(b"token")
    assert once != twice
    assert b"token" not in once
    assert {vault.decrypt(once), vault.decrypt(memoryview(twice))} == {b"token"}


def test_keys_may_be_rotated_and_dropped(settings: Any):
    use(settings, OLD)
    stored = vault.encrypt(b"token")
    use(settings, NEW, OLD)
    assert vault.decrypt(stored) == b"token"
    assert Fernet(NEW).decrypt(vault.encrypt(b"token")) == b"token"
    use(settings, NEW)
    with pytest.raises(ImproperlyConfigured) as raised:
        vault.decrypt(stored)
    assert stored.decode() not in str(raised.value)


def test_keys_may_be_set_later(settings: Any):
    use(settings)
    stored = vault.encrypt(b"token")
    use(settings, NEW)
    assert vault.decrypt(stored) == b"token"


def test_the_secret_key_may_be_changed_with_a_fallback(settings: Any):
    use(settings, secret="a" * 50)
    stored = vault.encrypt(b"token")
    use(settings, secret="b" * 50, fallbacks=("a" * 50,))
    assert vault.decrypt(stored) == b"token"
    use(settings, secret="b" * 50)
    with pytest.raises(ImproperlyConfigured):
        vault.decrypt(stored)
