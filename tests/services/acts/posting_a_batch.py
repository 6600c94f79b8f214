"""Posts a batch that opens lots, spends, and makes balances; all of it or nothing must be there."""

from __future__ import annotations

from loyalty_plugin.domain.intents import Award, Consume
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services.posting import post, rebuild
from tests.services.books import NOW, count, make_plan, rows


def act() -> None:
    version = ProgrammeVersion.objects.get()
    plans = []
    for member in Member.objects.order_by("pk"):
        plans.append(
            make_plan(version, member, Award(POINTS, 10), Award(QUALIFYING, 3), key=f"award|{member.pk}")
        )
        plans.append(
            make_plan(version, member, Consume(POINTS, 4), kind=Kind.SPEND, key=f"spend|{member.pk}")
        )
    post(plans, recorded_at=NOW)


def state() -> list[int]:
    assert rebuild().equal
    [(available,)] = rows("SELECT coalesce(sum(available), 0)::bigint FROM loyalty_plugin_balance")
    return [count("entry"), count("posting"), count("lot"), available]
