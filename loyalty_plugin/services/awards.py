"""Turns what a version decides about an occasion into a plan for the ledger; reads under lock, posts nothing.

Shared by orders and by everything else that earns, so that caps, budgets, free points and expiry are one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from loyalty_plugin.cursors import rows
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.earning.decide import Decision
from loyalty_plugin.domain.facts import LineFact, MemberFact, RemainingCaps
from loyalty_plugin.domain.intents import Award, Intent, Plan
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind, input_digest
from loyalty_plugin.domain.lots import active_until, expiry_of, local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.programmes import CampaignBudget
from loyalty_plugin.queries.entries import earned_on
from loyalty_plugin.queries.tiers import pieces_of
from loyalty_plugin.services.holders import Holder
from loyalty_plugin.services.posting import Locked
from loyalty_plugin.services.posting.arrays import integers
from loyalty_plugin.services.resolution import resolved

_PAST: Final = """
SELECT member_id, count(*), sum(counted)::bigint FROM loyalty_plugin_orderrecord
 WHERE member_id = ANY((SELECT $1::bigint[])::bigint[]) AND version_id IS NOT NULL GROUP BY member_id
"""


@dataclass(slots=True)
class Past:
    """What is known of members before an award; moved on in memory while a batch is decided."""

    orders: dict[int, int] = field(default_factory=dict)
    spend: dict[int, int] = field(default_factory=dict)
    today: dict[tuple[int, date], int] = field(default_factory=dict)
    #: Pieces bought by member and product, of products that a rule counts.
    pieces: dict[int, dict[str, int]] = field(default_factory=dict)
    budgets: dict[tuple[int, str], int] = field(default_factory=dict)
    used: dict[tuple[int, str], int] = field(default_factory=dict)


def lock_budgets(versions: Iterable[ProgrammeVersion]) -> dict[tuple[int, str], int]:
    """Lock the campaign budgets these versions draw on, by code; what is left of each. Before any balance."""
    wanted = {
        (version.programme_id, campaign.code)
        for version in versions
        for campaign in version.document.earning.campaigns
        if campaign.budget is not None
    }
    if not wanted:
        return {}
    budgets = (
        CampaignBudget.objects.select_for_update()
        .filter(programme_id__in={p for p, _ in wanted}, code__in={c for _, c in wanted})
        .order_by("code", "programme_id")
    )
    return {(row.programme_id, row.code): row.budget - row.used for row in budgets}


def book_budgets(used: Mapping[tuple[int, str], int]) -> None:
    """Book what a batch drew on budgets it holds the locks of."""
    for (programme_id, code), points in sorted(used.items(), key=lambda item: item[0][1]):
        if points:
            row = CampaignBudget.objects.get(programme_id=programme_id, code=code)
            row.used += points
            row.save(update_fields=["used"])


def read_past(member_ids: Sequence[int], versions: Iterable[ProgrammeVersion], since: datetime) -> Past:
    """Orders and spend that count so far, and points by day since then where a version caps the day. Under lock."""
    past = Past()
    for member_id, orders, spend in rows(_PAST, [integers(member_ids)]):
        past.orders[member_id], past.spend[member_id] = orders, spend
    counted = frozenset[str]().union(*(resolved(version).counted_products for version in versions))
    if counted:
        past.pieces = pieces_of(member_ids, counted)
    capped = {v.programme_id: v.zone for v in versions if v.document.earning.caps.day is not None}
    for programme_id, zone in capped.items():
        # Two days: one of them may have 25 hours.
        past.today |= earned_on(programme_id, member_ids, zone, since - timedelta(days=2))
    return past


def member_fact(member: Holder, version: ProgrammeVersion, past: Past, locked: Locked) -> MemberFact:
    """A member as rules see one, before this award."""
    return MemberFact(
        member_id=member.pk,
        tier=member.tier,
        joined_on=local_day(member.joined_at, version.zone),
        birthday=member.birthday,
        birthday_from=member.birthday_from,
        verified=member.verified_at is not None,
        orders_before=past.orders.get(member.pk, 0),
        spend_before=past.spend.get(member.pk, 0),
        earned_before=locked.balance(member.pk).earned,
        labels=frozenset(member.labels),
        pieces_before=dict(past.pieces.get(member.pk, {})),
    )


def remaining(
    member: Holder, version: ProgrammeVersion, past: Past, locked: Locked, day: date
) -> RemainingCaps:
    """What caps and budgets leave for this award."""
    caps = version.document.earning.caps
    return RemainingCaps(
        day=None if caps.day is None else max(caps.day - past.today.get((member.pk, day), 0), 0),
        member=None if caps.member is None else max(caps.member - locked.balance(member.pk).earned, 0),
        budgets={
            code: left
            for (programme, code), left in past.budgets.items()
            if programme == version.programme_id
        },
    )


def take_into_account(
    past: Past,
    version: ProgrammeVersion,
    member: Holder,
    decision: Decision,
    day: date,
    *,
    lines: Sequence[LineFact] = (),
) -> None:
    """Move the past on, so that the next decision of the same batch sees this one."""
    wanted = resolved(version).counted_products
    for line in lines:
        if line.product_id in wanted:
            pieces = past.pieces.setdefault(member.pk, {})
            pieces[line.product_id] = pieces.get(line.product_id, 0) + line.quantity
    key = (member.pk, day)
    past.today[key] = past.today.get(key, 0) + decision.points
    for code, points in decision.used_budgets.items():
        budget = (version.programme_id, code)
        past.used[budget] = past.used.get(budget, 0) + points
        if budget in past.budgets:
            past.budgets[budget] -= points


def award_plan(
    actor: Actor,
    version: ProgrammeVersion,
    member: Holder,
    decision: Decision,
    *,
    key: str,
    request: Mapping[str, Any],
    kind: Kind,
    occurred_at: datetime,
    matures_at: datetime | None = None,
    waits: bool = False,
    order_ref: str = "",
    channel: str = "",
    source: str = "",
    batch: str = "",
) -> Plan | None:
    """The plan of an award, None where nothing is earned. `key` and `request` identify what was asked.

    Points no purchase stands behind wait for a verified contact where the member has none.
    """
    expires_at = expiry_of(version.document.expiry, occurred_at, version.zone)
    bought = decision.points - decision.free_points
    waits_for_contact = member.verified_at is None
    intents: list[Intent] = []
    if bought:
        intents.append(Award(POINTS, bought, matures_at, expires_at, waits=waits))
    if decision.free_points:
        intents.append(
            Award(
                POINTS,
                decision.free_points,
                matures_at,
                expires_at,
                needs_verification=waits_for_contact,
                waits=waits,
            )
        )
    if decision.qualifying:
        intents.append(Award(QUALIFYING, decision.qualifying))
    if not intents:
        return None
    return Plan(
        key=key,
        digest=input_digest(request),
        kind=kind,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=member.pk,
        occurred_at=occurred_at,
        intents=tuple(intents),
        channel=channel,
        order_ref=order_ref,
        batch=batch,
        actor=actor.name,
        source=source,
        active_until=active_until(version.document.expiry, occurred_at, version.zone),
        explanation=dict(decision.explanation),
    )
