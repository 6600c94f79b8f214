"""How we stand at each Saleor: its named states, from what was last seen and heard; asks no Saleor and mends nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, Subquery

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Held, Installation, Realm
from loyalty_plugin.models.reconciling import Reconciliation
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries import chain, reconciling
from loyalty_plugin.queries.troubles import Level, Trouble

#: A change of our own that has not come back within this time will not come back.
PATIENCE: Final = timedelta(minutes=10)
#: A Saleor that was away for less is no finding: it is being restarted.
AWAY: Final = timedelta(minutes=5)
#: A Saleor is compared once a day and night; twice that is late.
COMPARED_WITHIN: Final = timedelta(days=2)
#: Clocks further apart refuse good tokens and certificates.
SKEW: Final = 60
_State = Installation.State


@dataclass(frozen=True, slots=True)
class Standing:
    """One Saleor as we stand there. `troubles` are graver first; none means that all is well."""

    api_url: str
    listed: bool
    troubles: tuple[Trouble, ...]
    realm: Realm | None = None
    installation: Installation | None = None
    #: When its last event came.
    heard_at: datetime | None = None
    #: The newest comparison with our books.
    compared: Reconciliation | None = None

    @property
    def name(self) -> str:
        """The state by its name: the code of its gravest trouble, or `active`."""
        return self.troubles[0].code if self.troubles else "active"


def realm_at(url: str) -> Realm:
    """The realm of an API URL. Raises NotFound."""
    row = Realm.objects.filter(api_url=url).first()
    if row is None:
        raise NotFound(realm=url)
    return row


def spending_held(realm_id: int) -> str:
    """Why nothing may be spent in this realm (a value of `models.realms.Held`); empty where all is well.

    Looks at the database cluster itself: a dump that was restored elsewhere is known at once.
    """
    realm = Realm.objects.filter(pk=realm_id).only("held", "cluster").first()
    return _held(realm) if realm is not None else ""


def standings(actor: Actor, *, now: datetime, permissions: Collection[str] = ()) -> tuple[Standing, ...]:
    """Every Saleor on the list and every other that installed us. Five queries. Raises PermissionDenied.

    `permissions` are those our App asks for.
    """
    require(actor, Operation.VIEW_OPERATIONS)
    realms = {realm.api_url: realm for realm in Realm.objects.order_by("pk")}
    newest = {
        row.realm_id: row
        for row in Installation.objects.defer("token", "secret", "previous_secret").order_by("pk")
    }
    # The last event of each, not the latest of all its events: the inbox has millions.
    last = InboxItem.objects.filter(installation=OuterRef("pk")).order_by("-pk").values("received_at")[:1]
    heard = dict(
        Installation.objects.filter(pk__in=[row.pk for row in newest.values()])
        .annotate(heard_at=Subquery(last))
        .values_list("pk", "heard_at")
    )
    latest, gone = reconciling.latest(), reconciling.gone_by_realm()
    listed = list(dict.fromkeys(settings.SALEOR_API_URLS))
    found = []
    for url in [*listed, *(url for url in realms if url not in listed)]:
        realm = realms.get(url)
        row = newest.get(realm.pk) if realm else None
        if url not in listed and (row is None or row.state in Installation.ENDED):
            continue
        at = heard[row.pk] if row else None
        compared = latest.get(realm.pk) if realm else None
        troubles = (
            *_troubles(url, url in listed, realm, row, at, permissions, now),
            *_compared(url, realm, row, compared, now),
            *_gone(url, gone.get(realm.pk, 0) if realm else 0),
        )
        found.append(Standing(url, url in listed, troubles, realm, row, at, compared))
    return tuple(found)


def _troubles(
    url: str,
    listed: bool,
    realm: Realm | None,
    row: Installation | None,
    heard: datetime | None,
    permissions: Collection[str],
    now: datetime,
) -> Iterator[Trouble]:
    facts = {"saleor": url}
    if not listed:
        yield Trouble("installation_not_listed", "warning", facts)
        return
    if realm is None or row is None:
        yield Trouble("not_installed", "warning", facts)
        return
    if held := _held(realm):
        yield Trouble(held, "error", facts)
    yield from _installed(facts, row, heard, permissions, now)
    if realm.keys_changed_at is not None:
        yield Trouble("key_changed", "warning", {**facts, "at": _day(realm.keys_changed_at)})
    if abs(row.skew_seconds) > SKEW:
        yield Trouble("clock_skew", "warning", {**facts, "seconds": row.skew_seconds})
    if realm.gap_since is not None:
        code = "reinstalled" if realm.gap_reason == "ended" and row.state not in _OVER else "gap"
        why = realm.get_gap_reason_display()
        yield Trouble(code, "warning", {**facts, "since": _day(realm.gap_since), "why": why})


def _held(realm: Realm) -> str:
    """As `spending_held`, of a row in hand."""
    if realm.held or realm.cluster is None:
        return realm.held
    return str(Held.RESTORED_HERE) if realm.cluster != chain.this_cluster()[0] else ""


def _installed(
    facts: dict[str, str],
    row: Installation,
    heard: datetime | None,
    permissions: Collection[str],
    now: datetime,
) -> Iterator[Trouble]:
    if row.state in _CODES:
        code, level = _CODES[row.state]
        yield Trouble(code, level, facts)
        return
    if row.unreachable_since is not None and now - row.unreachable_since >= AWAY:
        minutes = int((now - row.unreachable_since).total_seconds() // 60)
        yield Trouble("saleor_unreachable", "error", {**facts, "minutes": minutes})
    if missing := sorted(set(permissions) - set(row.permissions)):
        yield Trouble("permissions_missing", "error", {**facts, "permissions": ", ".join(missing)})
    asked = row.proof_asked_at
    if asked is not None and now - asked > PATIENCE and (heard is None or heard < asked):
        yield Trouble("events_unheard", "error", {**facts, "at": _day(asked)})
    if row.failed_deliveries:
        yield Trouble("deliveries_failed", "warning", {**facts, "count": row.failed_deliveries})
        if row.last_obstacle:
            yield Trouble(row.last_obstacle["code"], "warning", row.last_obstacle["facts"])


def _compared(
    url: str, realm: Realm | None, row: Installation | None, last: Reconciliation | None, now: datetime
) -> Iterator[Trouble]:
    """What the last comparison with our books tells, or that there has been none for long."""
    if realm is None or row is None or row.state != _State.ACTIVE or not realm.live:
        return
    seen = max(realm.reconciled_at or row.installed_at, row.installed_at)
    if now - seen > COMPARED_WITHIN:
        at = _day(realm.reconciled_at) if realm.reconciled_at else "–"
        yield Trouble("reconcile_late", "warning", {"saleor": url, "at": at})
    if last is not None and last.differing:
        yield Trouble("reconcile_differs", "warning", {"saleor": url, "count": last.differing})


def _gone(url: str, count: int) -> Iterator[Trouble]:
    """Orders that hold value here and are gone there, as long as nobody has decided about them."""
    if count:
        yield Trouble("orders_gone", "warning", {"saleor": url, "count": count})


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


_OVER: Final = (_State.DEAD, _State.INACTIVE, *Installation.ENDED)
_CODES: Final[dict[str, tuple[str, Level]]] = {
    _State.UNVERIFIED: ("installation_unfinished", "warning"),
    _State.SECURING: ("installation_unfinished", "warning"),
    _State.INACTIVE: ("installation_inactive", "error"),
    _State.DEAD: ("installation_dead", "error"),
    _State.DELETED: ("installation_deleted", "error"),
    _State.REPLACED: ("installation_deleted", "error"),
}
