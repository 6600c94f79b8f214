"""Brings expired or cleared points back as new lots with a stated life; never more than what was taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.intents import Award, Plan
from loyalty_plugin.domain.ledger import Account, Kind, input_digest
from loyalty_plugin.domain.lots import day_end, local_day
from loyalty_plugin.errors import InvalidInput, LotUnavailable
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import audit
from loyalty_plugin.services.posting import Posted, lock, post

#: The longest life that may be stated, in days.
LONGEST: Final = 3660

_OWNERS: Final = """
SELECT l.id, l.member_id, l.unit, m.programme_id
  FROM loyalty_plugin_lot l JOIN loyalty_plugin_member m ON m.id = l.member_id
 WHERE l.id = ANY(%s) ORDER BY l.id
"""
# Through the member's entries: postings have no index of their own by lot.
_TAKEN: Final = """
SELECT l.id, gone.account, sum(gone.amount)::bigint, sum(gone.times)::int
  FROM loyalty_plugin_lot l
  JOIN LATERAL (
    SELECT p.destination AS account, p.amount, 0 AS times
      FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id
     WHERE e.member_id = l.member_id AND p.source_lot_id = l.id AND p.destination IN ('expired', 'cleared')
    UNION ALL
    SELECT p.source, -p.amount, 1
      FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id
     WHERE e.member_id = l.member_id AND e.kind = 'bring_back' AND e.source = 'lot:' || l.id
       AND p.source IN ('expired', 'cleared')
  ) gone ON true
 WHERE l.id = ANY(%s) GROUP BY l.id, gone.account ORDER BY l.id, gone.account
"""


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """What came back: entries posted and their points; lots of which nothing was left to bring are passed over."""

    entries: tuple[int, ...]
    points: int


def bring_back(actor: Actor, *, lot_ids: Iterable[int], life_days: int, now: datetime) -> BroughtBack:
    """Open new lots with what expired or was cleared from these, valid for `life_days` whole days after today.

    What the member owes is repaid first. Repeating it brings nothing more. Raises PermissionDenied,
    InvalidInput, LotUnavailable (no such lot), AwardNeedsApproval (above the programme's hard maximum).
    """
    require(actor, Operation.CLEAR_POINTS)
    if isinstance(life_days, bool) or not isinstance(life_days, int) or not 0 <= life_days <= LONGEST:
        raise InvalidInput(life_days=str(life_days))
    wanted = sorted(set(lot_ids))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_OWNERS, [wanted])
            owners = {lot_id: (member_id, unit, programme) for lot_id, member_id, unit, programme in cursor}
        if missing := [lot_id for lot_id in wanted if lot_id not in owners]:
            raise LotUnavailable(lot=missing[0])
        locked = lock({(member_id, unit) for member_id, unit, _ in owners.values()}, lots=False)
        with connection.cursor() as cursor:
            cursor.execute(_TAKEN, [wanted])
            taken: dict[int, list[tuple[str, int, int]]] = {}
            for lot_id, account, amount, times in cursor.fetchall():
                taken.setdefault(lot_id, []).append((account, amount, times))
        plans = []
        for lot_id, gone in taken.items():
            member_id, unit, programme_id = owners[lot_id]
            version = version_at(programme_id, now)
            expires_at = day_end(local_day(now, version.zone) + timedelta(days=life_days), version.zone)
            awards = tuple(
                Award(unit, amount, expires_at=expires_at, source=Account(account), origin_lot=lot_id)
                for account, amount, _ in gone
                if amount > 0
            )
            if not awards:
                continue
            plans.append(
                Plan(
                    key=f"{version.code}|bring_back|{lot_id}|{sum(times for _, _, times in gone)}",
                    digest=input_digest({"lot": lot_id, "awards": [repr(award) for award in awards]}),
                    kind=Kind.BRING_BACK,
                    programme_id=programme_id,
                    version_id=version.id,
                    member_id=member_id,
                    occurred_at=now,
                    intents=awards,
                    actor=actor.name,
                    source=f"lot:{lot_id}",
                )
            )
        posted = post(plans, recorded_at=now, locked=locked)
        points = sum(plan.awarded for plan in plans)
        for plan, result in zip(plans, posted, strict=True):
            _trail(actor, plan, result, now)
    return BroughtBack(tuple(result.entry_id for result in posted if result.entry_id), points)


def _trail(actor: Actor, plan: Plan, result: Posted, now: datetime) -> None:
    detail = {"amount": plan.awarded, "entry": result.entry_id, "source": plan.source}
    audit.record(actor, "points.bring_back", f"member:{plan.member_id}", "posted", now=now, detail=detail)
