"""Decides whether a delivery is one of ours and keeps its raw bytes, once; never looks at what it is worth.

Only a proven falsehood is refused for good: Saleor never repeats what was answered with 4xx, so whatever may pass (an
unknown key, a database that is away, webhooks not secured yet) must be answered so that it comes again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.crypto import constant_time_compare

from loyalty_plugin.cursors import execute
from loyalty_plugin.errors import SignatureRefused, TryLater
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import connections, signatures
from loyalty_plugin.saleor.connections import Connected

#: Ours ask for an id only; a body this large was asked for by somebody else.
MAX_BODY: Final = 64 * 1024
_UNSECURED: Final = (Installation.State.UNVERIFIED, Installation.State.SECURING)
_INSERT: Final = """
    INSERT INTO loyalty_plugin_inboxitem
        (installation_id, sha256, event, body, received_at, status, attempts, outcome, detail)
    VALUES ($1, $2, $3, $4, $5, 'new', 0, '', '')
    ON CONFLICT (installation_id, sha256) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What came over the wire. `secret` is our own header; the headers with `X-Saleor-` anybody may overwrite."""

    api_url: str
    signature: str
    secret: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Believed:
    """A delivery that one of our own webhooks sent: whose it is, and its content. What it claims is not believed."""

    ours: Connected
    event: Mapping[str, Any]
    body: bytes


def believe(envelope: Envelope) -> Believed:
    """The delivery, if Saleor signed it and it carries our secret. Raises SignatureRefused, TryLater."""
    if len(envelope.body) > MAX_BODY:
        raise SignatureRefused(reason="too_large")
    ours = _installation(envelope.api_url)
    signatures.verify(envelope.api_url, envelope.signature, envelope.body)
    ours = _with_our_secret(ours, envelope.secret)
    event = _event(envelope.body)
    if _recipient(event) != ours.app_id:
        raise SignatureRefused(reason="recipient")
    return Believed(ours, event, envelope.body)


def keep(delivery: Believed, *, now: datetime) -> bool:
    """Store the delivery; whether it was new (a byte-identical retry folds onto the first).

    One INSERT outside any transaction of the caller's.
    """
    row = (
        delivery.ours.installation_id,
        hashlib.sha256(delivery.body).digest(),
        delivery.event["__typename"][:64],
        delivery.body,
        now,
    )
    return bool(execute(_INSERT, row))


def _installation(api_url: str) -> Connected:
    ours = connections.connected(api_url)
    if ours is None:
        # Perhaps installed a moment ago, by another process.
        ours = connections.connected(api_url, fresh=True)
    if ours is not None and connections.allowed(api_url):
        return ours
    if ours is None and not connections.allowed(api_url):
        raise SignatureRefused(reason="unknown_saleor")
    raise TryLater(reason="not_installed")


def _with_our_secret(ours: Connected, given: str) -> Connected:
    """The installation if the secret is its current or previous one. Raises SignatureRefused, TryLater."""
    if _matches(ours, given):
        return ours
    fresh = connections.connected(ours.api_url, fresh=True)
    if fresh is None or fresh.state in _UNSECURED:
        if fresh is not None and _matches(fresh, given):
            return fresh
        raise TryLater(reason="not_secured")
    if not _matches(fresh, given):
        raise SignatureRefused(reason="secret")
    return fresh


def _matches(ours: Connected, given: str) -> bool:
    return any(constant_time_compare(given, secret) for secret in ours.secrets)


def _event(body: bytes) -> Mapping[str, Any]:
    """The event object. The type is that of the signed body; the header `Saleor-Event` is not signed."""
    try:
        event = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise SignatureRefused(reason="body") from error
    typename = event.get("__typename") if isinstance(event, dict) else None
    # A name as GraphQL has them. Others no column could hold: they would be put off, and come again for ever.
    if not isinstance(typename, str) or not typename.isidentifier() or not typename.isascii():
        raise SignatureRefused(reason="body")
    return event


def _recipient(event: Mapping[str, Any]) -> str:
    recipient = event.get("recipient")
    return str(recipient.get("id", "")) if isinstance(recipient, dict) else ""
