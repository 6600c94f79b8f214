"""Plans for lots whose time has come: maturing, expiring, inactivity; judged again under lock, chosen by others.

Business keys: a lot matures once, so `mature|<lot>`. It may expire in parts, since held points return to it
later; what is still held falls with each time, so `expire|<lot>|<held>`. Inactivity ends all lots of a member:
`inactive|<member>|<newest lot>|<held>`, and so does an account that was deleted: `closed|…`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.intents import Expire, Intent, Mature, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind, Lot
from loyalty_plugin.domain.lots import Inactivity
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.queries.programmes import Versions, versions_of
from loyalty_plugin.services.posting import InForce, Locked, MemberUnit, lock, post

#: Members whose points are brought up to date in one transaction.
_BATCH: Final = 500


@dataclass(slots=True)
class Programmes:
    """The versions of each programme, read once a job."""

    _known: dict[int, Versions] = field(default_factory=dict)

    def at(self, programme_id: int, moment: datetime) -> ProgrammeVersion:
        """The version in force. Raises UnknownProgramme."""
        return self._of(programme_id).at(moment)

    def in_force(self, programme_ids: Iterable[int]) -> list[InForce]:
        """When each version is in force, as `at` tells it; the first was so before it began."""
        found = []
        for programme_id in sorted(programme_ids):
            versions = self._of(programme_id).all
            starts = (None, *(version.starts_at for version in versions[1:]))
            for version, begins, ends in zip(versions, starts, (*starts[1:], None), strict=True):
                found.append(InForce(programme_id, version.id, version.code, begins, ends))
        return found

    def _of(self, programme_id: int) -> Versions:
        found = self._known.get(programme_id)
        if found is None:
            found = self._known[programme_id] = versions_of(programme_id)
        return found

    def expire_by_inactivity(self, programme_id: int, moment: datetime) -> bool:
        """Whether points end by inactivity in the version in force; a former version's dates no longer count."""
        return isinstance(self.at(programme_id, moment).document.expiry, Inactivity)


@dataclass(frozen=True, slots=True)
class DueLot:
    """A lot chosen before it was locked."""

    lot_id: int
    member_id: int
    unit: str
    programme_id: int

    @property
    def key(self) -> MemberUnit:
        return self.member_id, self.unit


def _plan(
    version: ProgrammeVersion, kind: Kind, key: str, member_id: int, at: datetime, intent: Intent, source: str
) -> Plan:
    key = f"{version.code}|{key}"
    return Plan(
        key=key,
        digest=hashlib.sha256(key.encode()).digest(),  # the key says all there is to say
        kind=kind,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=member_id,
        occurred_at=at,
        intents=(intent,),
        actor=SYSTEM.name,
        source=source,
    )


def maturing(programmes: Programmes, due: DueLot, lot: Lot | None, now: datetime) -> Plan | None:
    """The plan that makes a lot available, None where it is not its time (any more)."""
    if lot is None or not lot.pending or lot.matures_at is None or lot.matures_at > now:
        return None
    version = programmes.at(due.programme_id, lot.matures_at)
    return _plan(
        version,
        Kind.MATURE,
        f"mature|{lot.id}",
        due.member_id,
        lot.matures_at,
        Mature(lot.unit, (lot.id,)),
        f"lot:{lot.id}",
    )


def expiring(programmes: Programmes, due: DueLot, lot: Lot | None, now: datetime) -> Plan | None:
    """The plan that ends a lot, None where it is not its time (any more)."""
    if lot is None or lot.expires_at is None or lot.expires_at > now or not (lot.pending or lot.available):
        return None
    version = programmes.at(due.programme_id, lot.expires_at)
    return _plan(
        version,
        Kind.EXPIRE,
        f"expire|{lot.id}|{lot.held}",
        due.member_id,
        lot.expires_at,
        Expire(lot.unit, (lot.id,)),
        f"lot:{lot.id}",
    )


def inactive(
    programmes: Programmes, programme_id: int, member_id: int, until: datetime, lots: Sequence[Lot]
) -> Plan | None:
    """The plan that ends all point lots of a member who was not active until then, None where there is none."""
    return _all_of("inactive", programmes, programme_id, member_id, until, lots)


def closed(
    programmes: Programmes, programme_id: int, member_id: int, now: datetime, lots: Sequence[Lot]
) -> Plan | None:
    """The plan that ends all point lots of a member whose account is gone, None where there is none."""
    return _all_of("closed", programmes, programme_id, member_id, now, lots)


def _all_of(
    why: str,
    programmes: Programmes,
    programme_id: int,
    member_id: int,
    at: datetime,
    lots: Sequence[Lot],
) -> Plan | None:
    ending = [lot for lot in lots if lot.pending or lot.available]
    if not ending:
        return None
    newest, held = max(lot.id for lot in lots), sum(lot.held for lot in lots)
    return _plan(
        programmes.at(programme_id, at),
        Kind.EXPIRE,
        f"{why}|{member_id}|{newest}|{held}",
        member_id,
        at,
        Expire(POINTS, tuple(lot.id for lot in ending)),
        f"member:{member_id}",
    )


_DUE_OF_MEMBERS: Final = """
SELECT l.id, l.member_id, l.unit, m.programme_id,
       l.pending > 0 AND l.matures_at <= %(now)s AND (NOT l.needs_verification OR m.verified_at IS NOT NULL)
  FROM loyalty_plugin_lot l JOIN loyalty_plugin_member m ON m.id = l.member_id
 WHERE l.member_id = ANY(%(members)s) AND (l.pending > 0 OR l.available > 0 OR l.held > 0)
   AND ((l.pending > 0 AND l.matures_at <= %(now)s
         AND (NOT l.needs_verification OR m.verified_at IS NOT NULL)) OR l.expires_at <= %(now)s)
 ORDER BY l.id
"""


def bring_up_to_date(member_ids: Iterable[int], *, now: datetime) -> int:
    """Do for these members at once what the night would do: mature and expire lots. Entries posted.

    For acts between a lot's last day and the night's run: whoever spends must not spend what has expired.
    """
    members = sorted(set(member_ids))
    posted = 0
    for start in range(0, len(members), _BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DUE_OF_MEMBERS, {"now": now, "members": members[start : start + _BATCH]})
            found = [(DueLot(*row), matures) for *row, matures in cursor.fetchall()]
            if not found:
                continue
            locked = lock({due.key for due, _ in found})
            programmes = Programmes()
            for step, chosen in (
                (maturing, [due for due, matures in found if matures]),
                (expiring, [due for due, _ in found]),
            ):
                plans = [plan for due in chosen if (plan := step(programmes, due, lot_of(locked, due), now))]
                posted += len(post(plans, recorded_at=now, locked=locked))
    return posted


def settle_due(
    locked: Locked,
    member_id: int,
    programme_id: int,
    *,
    verified: bool,
    active: datetime | None,
    now: datetime,
) -> int:
    """The same for one member, in the balances the caller has locked with their lots; inactivity, too. Entries posted.

    `active`: until when the member's last activity keeps points alive.
    """
    programmes, posted = Programmes(), 0
    lots = sorted(locked.books[member_id].lots.values(), key=lambda lot: lot.id)
    due = [(DueLot(lot.id, member_id, lot.unit, programme_id), lot) for lot in lots]
    mature = [one for one, lot in due if verified or not lot.needs_verification]
    for step, chosen in ((maturing, mature), (expiring, [one for one, _ in due])):
        plans = [plan for one in chosen if (plan := step(programmes, one, lot_of(locked, one), now))]
        posted += len(post(plans, recorded_at=now, locked=locked))
    if active is not None and active <= now and programmes.expire_by_inactivity(programme_id, now):
        left = locked.books[member_id].lots_of(POINTS)
        plan = inactive(programmes, programme_id, member_id, active, left)
        posted += len(post([plan] if plan else [], recorded_at=now, locked=locked))
    return posted


def lot_of(locked: Locked, due: DueLot) -> Lot | None:
    """The lot as it is under lock, None where nothing is left in it."""
    return locked.books[due.member_id].lots.get(due.lot_id)
