"""Lets a Saleor install us, and proves that it did; the rest of our life there is in `standing` and `upkeep`.

The handshake is unsigned: anybody can post one. So nothing is called or stored unless its API URL is on the shop's
own list, and the token is believed only after that Saleor has answered to it with our App's name. A token that is not
active yet can't be told from an invented one; it is refused in words the merchant sees.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from loyalty_plugin import vault
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import AppTokenDead, HandshakeRefused, SaleorError, TryLater
from loyalty_plugin.models.realms import Gap, Installation, Realm
from loyalty_plugin.saleor import connections, jwks, standing, upkeep
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.manifest import APP_ID
from loyalty_plugin.services import leases
from loyalty_plugin.services.realms import accept_keys, note_gap

#: Saleor gives up on a handshake after 18 seconds.
_HANDSHAKE_SECONDS: Final = 10.0
_MAX_TOKEN: Final = 200
#: How long a person who mends waits for another process that mends at the same moment.
_PATIENCE: Final = 5.0

State = Installation.State


class SaleorConnection:
    """`domain.ports.Connection`: handshakes, our standing, and its mending."""

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
        return standing.look(realm, told=told, now=now)

    def mend(self, realm: str, *, now: datetime) -> str:
        """Review, and do at once what can be done from here: webhooks, keys. The state afterwards, as `review`."""
        state = standing.look(realm, now=now)
        ours = connections.connected(realm, fresh=True)
        if ours is None or state not in (State.ACTIVE, State.SECURING):
            return state
        with leases.lease(standing.target(realm), wait=_PATIENCE):
            upkeep.bring(realm, ours.installation_id)
        accept_keys(SYSTEM, realm_id=ours.realm_id, now=now)
        return standing.look(realm, now=now)

    def renew_secret(self, realm: str, *, now: datetime) -> None:
        """Give our webhooks there another secret; the old one counts until all carry the new. Raises TryLater."""
        ours = connections.connected(realm, fresh=True)
        if ours is None:
            raise TryLater(reason="not_installed", realm=realm)
        with transaction.atomic():
            row = Installation.objects.select_for_update().get(pk=ours.installation_id)
            row.previous_secret, row.secret = row.secret, _new_secret()
            row.save(update_fields=["previous_secret", "secret"])
            standing.ask_for_upkeep(realm, ours.realm_id, row.pk, now)
        connections.forget()


def _confirmed(client: SaleorClient) -> Mapping[str, Any]:
    try:
        app = upkeep.own_app(client)
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
    Realm.objects.filter(pk=realm.pk, connected_at=None).update(connected_at=now)
    # A reinstall has another App id and token; Saleor knows the earlier one no more, nor what was noted in it.
    earlier = Installation.objects.filter(realm=realm).exclude(state=State.REPLACED)
    for row in earlier.exclude(app_id=app["id"]):
        note_gap(realm.pk, Gap.ENDED, since=row.looked_at or row.ended_at or now)
    earlier.update(state=State.REPLACED, ended_at=now)
    # By a missing key: `anchor__anew=None` would only find one that is there and null.
    Realm.objects.filter(pk=realm.pk, anchor__anew__isnull=True).update(anchor={})
    row = Installation.objects.create(
        realm=realm,
        app_id=app["id"],
        token=vault.encrypt(token.encode()),
        secret=_new_secret(),
        state=State.SECURING,
        permissions=sorted(p["code"] for p in app["permissions"]),
        installed_at=now,
        looked_at=now,
    )
    standing.ask_for_upkeep(api_url, realm.pk, row.pk, now)


def _new_secret() -> bytes:
    return vault.encrypt(secrets.token_urlsafe(32).encode())
