"""What a Saleor's own settings leave open for member prices, by the mode of that Saleor; changes none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty_plugin.conf import settings
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.queries.troubles import Trouble


def hole_troubles() -> list[Trouble]:
    """Holes of the Saleors whose settings were read, as far as their channels have a programme. Two queries."""
    found: list[Trouble] = []
    served: dict[int, set[str]] = {}
    for realm_id, slug in ProgrammeChannel.objects.values_list("realm_id", "slug"):
        served.setdefault(realm_id, set()).add(slug)
    for realm in Realm.objects.filter(live=True, pk__in=served).order_by("pk"):
        if realm.shop_settings:
            found += _holes(realm, realm.mode, realm.shop_settings, served[realm.pk])
    return found


@dataclass(frozen=True, slots=True)
class ModeChange:
    """What another mode would meet in a Saleor now: carts that hold a member price, incidents that wait, and holes."""

    carts: int
    incidents: int
    holes: tuple[Trouble, ...]


def mode_change(realm: Realm, mode: str, *, now: datetime) -> ModeChange:
    """What this mode would meet there. Three queries."""
    served = set(ProgrammeChannel.objects.filter(realm=realm).values_list("slug", flat=True))
    status = PricePromise.Status
    held = PricePromise.objects.filter(
        realm=realm, status__in=(status.PROMISED, status.APPLIED), valid_until__gt=now
    )
    return ModeChange(
        carts=held.values("checkout_id").distinct().count(),
        incidents=Incident.objects.filter(realm=realm, status=Incident.Status.OPEN).count(),
        holes=tuple(_holes(realm, mode, realm.shop_settings, served)) if realm.shop_settings else (),
    )


def _holes(realm: Realm, mode: str, known: Mapping[str, Any], served: set[str]) -> Iterator[Trouble]:
    facts = {"saleor": realm.api_url}
    channels = {slug: one for slug, one in known["channels"].items() if slug in served}
    if known["unpaid_ships"]:
        yield Trouble("hole_unpaid_ships", "info", facts)
    if slugs := _where(channels, "completes"):
        yield Trouble("hole_completes_itself", "warning", {**facts, "channels": slugs})
    if slugs := _where(channels, "gift_cards"):
        yield Trouble("hole_gift_cards", "info", {**facts, "channels": slugs})
    if mode == Mode.CONFIRMED and (slugs := _where(channels, "confirms")):
        yield Trouble("mode_confirms_itself", "error", {**facts, "channels": slugs})
    if mode == Mode.ENFORCED:
        if known["storefront"]:
            yield Trouble("mode_storefront_open", "error", facts)
        if not settings.ENFORCED:
            yield Trouble("mode_door_closed", "error", facts)
    elif not known["storefront"]:
        yield Trouble("mode_storefront_shut", "warning", facts)


def _where(channels: Mapping[str, Mapping[str, bool]], name: str) -> str:
    return ", ".join(sorted(slug for slug, one in channels.items() if one[name]))
