"""Brings our webhooks at a Saleor to what the manifest of this version says, each with the installation's secret.

Saleor reads a manifest once, when it installs, and never again: after an upgrade, a move to another address or a hand
that reached into the Dashboard, what is missing is created, what differs is changed, and what we no longer want is
removed, all by identifier and with our own token. Where nothing differs nothing is written.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.urls import NoReverseMatch, reverse

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import AppTokenDead, SaleorError, TryLater
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import connections, manifest
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.manifest import SECRET_HEADER

#: Kind of the outbox row that asks for an upkeep.
WEBHOOKS: Final = "webhooks"
#: What begins so is ours; a webhook that somebody added to our App by hand stays.
_OURS: Final = "loyalty-"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what to do with which webhook (its identifier), and the fields to send."""

    act: Literal["create", "update", "delete"]
    identifier: str
    webhook_id: str = ""
    fields: Mapping[str, Any] | None = None


def webhook_url() -> str:
    """Where Saleor is to send events, empty where the settings do not tell."""
    try:
        return settings.PUBLIC_URL and settings.PUBLIC_URL + reverse("loyalty:saleor:events")
    except NoReverseMatch:
        return ""


def differences(held: list[Mapping[str, Any]], *, secret: str, url: str) -> list[Change]:
    """What has to be done to the webhooks Saleor holds (fields of `OwnApp`); empty where all is as it is to be.

    `url` empty keeps the addresses that are there. Raises TryLater where there is none to go by.
    """
    ours = {one["identifier"]: one for one in held if str(one["identifier"] or "").startswith(_OURS)}
    url = url or next((one["targetUrl"] for one in ours.values()), "")
    if not url:
        raise TryLater(reason="public_url")
    wanted = {one["identifier"]: one for one in manifest.webhooks(url)}
    changes = [
        Change("delete", name, ours[name]["id"]) for name in ours if name not in wanted
    ]  # first: it may hold an event that another one takes over
    for name, want in wanted.items():
        if name not in ours:
            fields = {**_input(want), "customHeaders": json.dumps({SECRET_HEADER: secret})}
            changes.append(Change("create", name, fields=fields))
        elif fields := dict(_differing(ours[name], want, secret)):
            changes.append(Change("update", name, ours[name]["id"], fields))
    return changes


def secured(held: list[Mapping[str, Any]], secret: str) -> bool:
    """Whether every webhook of ours that is there carries the secret, and there is one."""
    ours = [one for one in held if str(one["identifier"] or "").startswith(_OURS)]
    return bool(ours) and all(_carries(one, secret) for one in ours)


def bring(realm: str, installation_id: int) -> int:
    """Do what differs, count the installation as active, and say how many webhooks were changed.

    Raises TryLater, AppTokenDead, SaleorError. The caller holds the lease on our App there.
    """
    ours = connections.connected(realm, fresh=True)
    if ours is None or ours.installation_id != installation_id:
        return 0  # replaced by a newer installation, which has a row of its own
    client = SaleorClient(realm, ours.token)
    app = own_app(client)
    changes = differences(app["webhooks"], secret=ours.secrets[0], url=webhook_url())
    for change in changes:
        _carry_out(client, change, ours.secrets[0])
    if app["isActive"]:
        Installation.objects.filter(pk=installation_id).exclude(state__in=Installation.ENDED).update(
            state=Installation.State.ACTIVE, ended_at=None
        )
        connections.forget()
    return len(changes)


def own_app(client: SaleorClient) -> Mapping[str, Any]:
    """Our App as this Saleor knows it. Raises AppTokenDead, SaleorUnreachable, SaleorError."""
    app: Mapping[str, Any] | None = client.execute("own_app")["app"]
    if app is None:
        raise AppTokenDead(operation="own_app")
    return app


def _carry_out(client: SaleorClient, change: Change, secret: str) -> None:
    if change.act == "delete":
        client.execute("webhook_delete", id=change.webhook_id)
        return
    if change.act == "create":
        answer = client.execute("webhook_create", input=change.fields)["webhookCreate"]
    else:
        answer = client.execute("webhook_update", id=change.webhook_id, input=change.fields)["webhookUpdate"]
    if not _carries(answer["webhook"], secret):
        raise SaleorError(operation="webhook_update", errors=[], reason="header_not_kept")


def _input(want: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: want[name]
        for name in ("name", "identifier", "targetUrl", "query", "asyncEvents", "syncEvents", "isActive")
    }


def _differing(held: Mapping[str, Any], want: Mapping[str, Any], secret: str) -> Iterator[tuple[str, Any]]:
    for name in ("name", "targetUrl", "isActive"):
        if held[name] != want[name]:
            yield name, want[name]
    # Saleor keeps the events beside the query: one without the other would leave the old ones.
    events = [("asyncEvents", _events(held["asyncEvents"])), ("syncEvents", _events(held["syncEvents"]))]
    if str(held["subscriptionQuery"]).split() != want["query"].split() or any(
        there != set(want[name]) for name, there in events
    ):
        yield "query", want["query"]
        for name, _there in events:
            yield name, want[name]
    if not _carries(held, secret):
        others = {n: v for n, v in _headers(held).items() if n.lower() != SECRET_HEADER.lower()}
        yield "customHeaders", json.dumps({**others, SECRET_HEADER: secret})


def _events(named: list[Mapping[str, str]]) -> set[str]:
    return {one["eventType"] for one in named}


def _carries(webhook: Mapping[str, Any], secret: str) -> bool:
    # Saleor sends header names in lower case and may store them so.
    held = {name.lower(): value for name, value in _headers(webhook).items()}
    return secrets.compare_digest(str(held.get(SECRET_HEADER.lower(), "")).encode(), secret.encode())


def _headers(webhook: Mapping[str, Any]) -> dict[str, str]:
    found = json.loads(webhook.get("customHeaders") or "{}")
    return found if isinstance(found, dict) else {}
