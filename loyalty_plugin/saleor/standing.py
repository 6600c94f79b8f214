"""Looks at how our App stands at a Saleor and writes it down: state, grant, failed deliveries, clock, books, webhooks.

It asks for what is to be mended (an outbox row) and mends nothing itself. A claim of an event is never believed: it
only gives a dead token its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.dateparse import parse_datetime

from loyalty_plugin import jobs
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import (
    AppTokenDead,
    LeaseTaken,
    LoyaltyError,
    SaleorError,
    SaleorUnreachable,
    TryLater,
)
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Gap, Installation, Realm
from loyalty_plugin.saleor import anchors, connections, proving, upkeep
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.connections import Connected
from loyalty_plugin.services import leases
from loyalty_plugin.services.realms import note_gap

State = Installation.State
_log = logging.getLogger(__name__)
#: Without these, orders and people change unheard; without the others something can't be done, and nothing is missed.
_TELLING: Final = frozenset({"MANAGE_ORDERS", "MANAGE_USERS"})
_TOLD: Final = {"inactive": State.INACTIVE, "deleted": State.DELETED}


def look(realm: str, *, told: str = "", now: datetime) -> str:
    """See how we stand there now; the state, empty where we were never installed.

    Raises TryLater (AppTokenDead is a state, not raised), SaleorError.
    """
    ours = connections.connected(realm, fresh=True)
    if ours is None:
        return ""
    client = SaleorClient(realm, ours.token)
    try:
        app = client.execute("standing", anchor=anchors.key())["app"]
    except AppTokenDead:
        app = None
    except SaleorUnreachable:
        _rows(ours).filter(unreachable_since=None).update(unreachable_since=now)
        raise
    if app is None:
        return over(ours, told, now=now)
    return _alive(ours, client, app, now)


def look_at_all(now: datetime) -> None:
    """Look at every Saleor on the list, one after the other; one that fails does not keep the others waiting."""
    for url in settings.SALEOR_API_URLS:
        try:
            look(url, now=now)
        except LoyaltyError as error:
            _log.warning("our standing at %s could not be seen: %s", url, error.code)


def over(ours: Connected, told: str = "", *, now: datetime) -> str:
    """Our token is dead there: write down why, as far as it is known, and from when on events are missing."""
    state = _TOLD.get(told, State.DEAD)
    if not told and ours.state == State.INACTIVE:
        state = State.INACTIVE
    row = Installation.objects.get(pk=ours.installation_id)
    note_gap(
        ours.realm_id,
        Gap.INACTIVE if state is State.INACTIVE else Gap.ENDED,
        since=row.looked_at or row.installed_at,
    )
    ended = None if state is State.INACTIVE else (row.ended_at or now)
    _rows(ours).update(state=state, ended_at=ended, unreachable_since=None)
    connections.forget()
    return str(state)


def ask_for_upkeep(api_url: str, realm_id: int, installation_id: int, now: datetime) -> int:
    """The outbox row that brings our webhooks to what they are to be; one that waits already will do.

    In a transaction of the caller's.
    """
    desired = {"installation": installation_id}
    waiting = OutboxItem.objects.filter(
        kind=upkeep.WEBHOOKS, target=target(api_url), desired=desired, status=OutboxItem.Status.WAITING
    ).first()
    row = waiting or OutboxItem.objects.create(
        kind=upkeep.WEBHOOKS,
        realm_id=realm_id,
        target=target(api_url),
        desired=desired,
        next_attempt_at=now,
        created_at=now,
    )
    jobs.enqueue(jobs.DELIVER_OUTBOX)
    return row.pk


def target(api_url: str) -> str:
    """What a lease is taken on for changes to our App there."""
    return f"{api_url}|app"


def _alive(ours: Connected, client: SaleorClient, app: Mapping[str, Any], now: datetime) -> str:
    before = Installation.objects.get(pk=ours.installation_id)
    seen = before.looked_at or before.installed_at
    held = sorted(code["code"] for code in app["permissions"])
    if _TELLING - set(held):
        note_gap(ours.realm_id, Gap.LIMITED, since=seen)
    failed, obstacle = _failed(ours, client)
    secured = upkeep.secured(app["webhooks"], ours.secrets[0])
    differs = _differs(app, ours)
    state = State.ACTIVE if secured else State.SECURING
    with transaction.atomic():
        _rows(ours).update(
            state=state,
            ended_at=None,
            permissions=held,
            looked_at=now,
            unreachable_since=None,
            failed_deliveries=failed,
            last_obstacle=obstacle,
            skew_seconds=client.skew,
        )
        if differs or not secured:
            ask_for_upkeep(ours.api_url, ours.realm_id, ours.installation_id, now)
        elif before.previous_secret:
            # Every webhook carries the new one since at least the last look: nothing with the old one is under way.
            _rows(ours).update(previous_secret=b"")
    _read_settings(ours, client)
    connections.forget()
    try:
        with leases.lease(target(ours.api_url)):
            anchors.compare(client, ours.realm_id, app, agreed=seen, now=now)
            if state is State.ACTIVE and not differs and before.proof_asked_at is None:
                proving.ask(client, ours, now)
    except LeaseTaken:
        pass  # somebody mends something there at this moment; the next look will do
    return str(state)


def _read_settings(ours: Connected, client: SaleorClient) -> None:
    """Keep what of the shop's own settings matters to member prices; what was read before stays where it fails."""
    try:
        found = client.execute("shop_settings")
        kept = {
            "storefront": found["shop"]["allowStorefrontTraffic"],
            "unpaid_ships": found["shop"]["fulfillmentAllowUnpaid"],
            "channels": {
                one["slug"]: {
                    "confirms": one["orderSettings"]["automaticallyConfirmAllNewOrders"],
                    "unpaid": one["orderSettings"]["allowUnpaidOrders"],
                    "completes": one["checkoutSettings"]["automaticallyCompleteFullyPaidCheckouts"],
                    "gift_cards": one["checkoutSettings"]["allowLegacyGiftCardUse"],
                }
                for one in found["channels"]
                if one["isActive"]
            },
        }
    except (SaleorError, TryLater, TypeError, KeyError):
        return
    Realm.objects.filter(pk=ours.realm_id).exclude(shop_settings=kept).update(shop_settings=kept)


def _differs(app: Mapping[str, Any], ours: Connected) -> bool:
    try:
        return bool(upkeep.differences(app["webhooks"], secret=ours.secrets[0], url=upkeep.webhook_url()))
    except TryLater:
        return True  # no address to go by: the outbox row says so, and waits for one


def _failed(ours: Connected, client: SaleorClient) -> tuple[int, dict[str, Any]]:
    """How many deliveries Saleor has given up on since we last reconciled, and what stood before the newest."""
    try:
        webhooks = client.execute("failed_deliveries")["app"]["webhooks"]
    except (SaleorError, TryLater, TypeError):
        return 0, {}
    reconciled = Realm.objects.values_list("reconciled_at", flat=True).get(pk=ours.realm_id)
    found = [
        (at, edge["node"])
        for webhook in webhooks
        for edge in webhook["eventDeliveries"]["edges"]
        if (at := parse_datetime(edge["node"]["createdAt"])) and (reconciled is None or at > reconciled)
    ]
    if not found:
        return 0, {}
    note_gap(ours.realm_id, Gap.FAILED, since=min(at for at, _node in found))
    newest = max(found, key=lambda one: one[0])[1]
    cause = proving.obstacle(newest, upkeep.webhook_url())
    return len(found), {"code": cause[0], "facts": cause[1]} if cause else {}


def _rows(ours: Connected) -> Any:
    """The installation, unless it was replaced meanwhile."""
    return Installation.objects.filter(pk=ours.installation_id).exclude(state__in=Installation.ENDED)
