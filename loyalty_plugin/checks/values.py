"""Checks of the values in LOYALTY; they mend nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings as django_settings

from loyalty_plugin import registry
from loyalty_plugin.checks.messages import Message, message
from loyalty_plugin.conf import DEFAULTS, settings

#: Nothing leaves the machine on the way to these.
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


def check_settings(app_configs: Any = None, **_: Any) -> list[Message]:
    """The values in LOYALTY."""
    found = []
    unknown = sorted(set(getattr(django_settings, "LOYALTY", {})) - set(DEFAULTS))
    if unknown:
        found.append(message("E013", names=", ".join(map(str, unknown))))
    found += _check_saleors(settings.SALEOR_API_URLS)
    found += _check_public_url(settings.PUBLIC_URL)
    if not all(map(_is_key, settings.ENCRYPTION_KEYS)):
        found.append(message("E014"))
    if settings.CARD_DESIGN not in registry.card_designs:
        known = ", ".join(registry.card_designs.codes()) or "there is none"
        found.append(message("E015", code=settings.CARD_DESIGN, known=known))
    return found


def check_keys(app_configs: Any = None, **_: Any) -> list[Message]:
    """Whether secrets at rest have keys of their own; asked only of what is deployed."""
    return [] if settings.ENCRYPTION_KEYS else [message("W006")]


def _check_saleors(urls: Any) -> list[Message]:
    if not urls:
        return [message("W001")]
    if isinstance(urls, str) or not isinstance(urls, Iterable):
        return [message("E010", found=repr(urls))]
    wrong = [url for url in urls if not (_is_url(url) and url.endswith("/graphql/"))]
    return [message("E010", found=", ".join(map(repr, wrong)))] if wrong else []


def _check_public_url(url: Any) -> list[Message]:
    if not url:
        return [message("W002")]
    if not _is_url(url) or url.endswith("/"):
        return [message("E012", found=repr(url))]
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in _THIS_MACHINE:
        return [message("W003", found=url)]
    return []


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_key(value: Any) -> bool:
    try:
        Fernet(value)
    except (ValueError, TypeError):
        return False
    return True
