"""Lets a Saleor install us, proves it, secures our webhooks with a secret of our own, and follows our standing there.

The handshake is unsigned: anybody can post one. So nothing is called or stored unless its API URL is on the shop's
own list, and the token is believed only after that Saleor has answered to it with our App's name. A token that is not
active yet can't be told from an invented one; it is refused in words the merchant sees.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from loyalty_plugin import jobs, vault
from loyalty_plugin.errors import AppTokenDead, HandshakeRefused, SaleorError, TryLater
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.saleor import connections, jwks
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.manifest import APP_ID, SECRET_HEADER
from loyalty_plugin.saleor.subscriptions import SUBSCRIPTIONS

#: Kind of the outbox row that asks for our webhooks to carry the secret.
SECURE_WEBHOOKS: Final = "secure_webhooks"
#: Saleor gives up on a handshake after 18 seconds.
_HANDSHAKE_SECONDS: Final = 10.0
_MAX_TOKEN: Final = 200

State = Installation.State


class SaleorConnection:
    """`domain.ports.Connection`: handshakes and our standing."""

    def accept(self, realm: str, token: str, *, now: datetime) -> None:
        """Believe a handshake once that Saleor confirms it. Raises HandshakeRefused, TryLater."""
        if not connections.allowed(realm):
            raise HandshakeRefused(reason="not_listed")
        if not (0 < len(token) <= _MAX_TOKEN and token.isascii() and token.isprintable()) or " " in token:
            raise HandshakeRefused(reason="token")
        app = _confirmed(SaleorClient(realm, token, deadline=_HANDSHAKE_SECONDS))
        with transaction.atomic():
            _store(realm, token, app, now)
        connections.forget()
        try:
            jwks.current(realm)
        except TryLater:
            # Read again with the first delivery; until then intake answers that it should come later.
            return

    def review(self, realm: str, *, told: str = "", now: datetime) -> str:
        """Look at how our App stands there now and store it; the state, empty where it was never installed."""
        ours = connections.connected(realm, fresh=True)
        if ours is None:
            return ""
        try:
            app = _own_app(SaleorClient(realm, ours.token))
        except AppTokenDead:
            state = {"inactive": State.INACTIVE, "deleted": State.DELETED}.get(told, State.DEAD)
            if not told and ours.state == State.INACTIVE:
                state = State.INACTIVE
            ended = None if state is State.INACTIVE else now
            _set_state(ours.installation_id, state, ended_at=ended)
            return str(state)
        held = {code["code"] for code in app["permissions"]}
        Installation.objects.filter(pk=ours.installation_id).update(permissions=sorted(held))
        if _unsecured(app, ours.secrets[0]):
            with transaction.atomic():
                _set_state(ours.installation_id, State.SECURING, ended_at=None)
                _ask_to_secure(realm, ours.realm_id, ours.installation_id, now)
            return str(State.SECURING)
        _set_state(ours.installation_id, State.ACTIVE, ended_at=None)
        return str(State.ACTIVE)


def secure_webhooks(realm: str, installation_id: int) -> None:
    """Give each of our webhooks there the secret header, then count the installation as active.

    Raises TryLater while Saleor has not created all of them yet, AppTokenDead, SaleorError.
    """
    ours = connections.connected(realm, fresh=True)
    if ours is None or ours.installation_id != installation_id:
        return  # replaced by a newer installation, which has a row of its own
    client = SaleorClient(realm, ours.token)
    app = _own_app(client)
    missing = {s.identifier for s in SUBSCRIPTIONS} - {w["identifier"] for w in app["webhooks"]}
    if missing:
        raise TryLater(reason="webhooks_missing", webhooks=sorted(missing))
    for webhook in _unsecured(app, ours.secrets[0]):
        others = {n: v for n, v in _headers(webhook).items() if n.lower() != SECRET_HEADER.lower()}
        headers = {**others, SECRET_HEADER: ours.secrets[0]}
        answer = client.execute("webhook_secure", id=webhook["id"], headers=json.dumps(headers))
        if not _secured(answer["webhookUpdate"]["webhook"], ours.secrets[0]):
            raise SaleorError(operation="webhook_secure", errors=[], reason="header_not_kept")
    _set_state(installation_id, State.ACTIVE, ended_at=None)


def _own_app(client: SaleorClient) -> Mapping[str, Any]:
    app: Mapping[str, Any] | None = client.execute("own_app")["app"]
    if app is None:
        raise AppTokenDead(operation="own_app")
    return app


def _confirmed(client: SaleorClient) -> Mapping[str, Any]:
    try:
        app = _own_app(client)
    except AppTokenDead:
        raise HandshakeRefused(reason="not_confirmed") from None
    except SaleorError as error:
        raise HandshakeRefused(reason="not_a_saleor") from error
    if app["identifier"] != APP_ID or not app["isActive"]:
        raise HandshakeRefused(reason="not_confirmed")
    return app


def _store(api_url: str, token: str, app: Mapping[str, Any], now: datetime) -> None:
    realm, _ = Realm.objects.get_or_create(api_url=api_url)
    Realm.objects.select_for_update().get(pk=realm.pk)  # two handshakes at once: one after the other
    # A reinstall has another App id and token; Saleor knows the earlier one no more.
    Installation.objects.filter(realm=realm).exclude(state=State.DELETED).update(
        state=State.DELETED, ended_at=now
    )
    row = Installation.objects.create(
        realm=realm,
        app_id=app["id"],
        token=vault.encrypt(token.encode()),
        secret=vault.encrypt(secrets.token_urlsafe(32).encode()),
        state=State.SECURING,
        permissions=sorted(p["code"] for p in app["permissions"]),
        installed_at=now,
    )
    _ask_to_secure(api_url, realm.pk, row.pk, now)


def _ask_to_secure(api_url: str, realm_id: int, installation_id: int, now: datetime) -> None:
    OutboxItem.objects.create(
        kind=SECURE_WEBHOOKS,
        realm_id=realm_id,
        target=f"{api_url}|app",
        desired={"installation": installation_id},
        next_attempt_at=now,
        created_at=now,
    )
    jobs.enqueue(jobs.DELIVER_OUTBOX)


def _set_state(installation_id: int, state: Installation.State, *, ended_at: datetime | None) -> None:
    Installation.objects.filter(pk=installation_id).update(state=state, ended_at=ended_at)
    connections.forget()


def _unsecured(app: Mapping[str, Any], secret: str) -> list[Mapping[str, Any]]:
    ours = {s.identifier for s in SUBSCRIPTIONS}
    return [w for w in app["webhooks"] if w["identifier"] in ours and not _secured(w, secret)]


def _secured(webhook: Mapping[str, Any], secret: str) -> bool:
    # Saleor sends header names in lower case and may store them so.
    held = {name.lower(): value for name, value in _headers(webhook).items()}
    return secrets.compare_digest(str(held.get(SECRET_HEADER.lower(), "")), secret)


def _headers(webhook: Mapping[str, Any]) -> dict[str, str]:
    found = json.loads(webhook.get("customHeaders") or "{}")
    return found if isinstance(found, dict) else {}
