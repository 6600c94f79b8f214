"""What changes on an order that has earned: refunds, charge-backs, their reversal, cancelling, fulfilment.

Works on running totals, which may fall again: what should stand now is compared with what stands, and only the
difference is posted, by the version the order earned under.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.intents import Award, Intent, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind, input_digest
from loyalty_plugin.domain.lots import expiry_of, local_day
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.models.members import TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.queries.entries import lots_of_order
from loyalty_plugin.services import approvals
from loyalty_plugin.services.orders import earning, steps
from loyalty_plugin.services.orders.work import Work


def lots_for(records: Sequence[OrderRecord], facts: Sequence[OrderFact]) -> dict[str, list[int]]:
    """The lots of those orders that have earned already, by reference; no query where there are none."""
    known = [fact.ref for record, fact in zip(records, facts, strict=True) if record.version_id is not None]
    return lots_of_order(known) if known else {}


def change(work: Work, lots: Sequence[int], now: datetime) -> None:
    """Bring points and tier facts of an order that has earned to what stands of it now."""
    fact, record, version = work.fact, work.record, work.version
    net = steps.net_of(record, fact, version)
    if record.outcome == approvals.AWAITING:
        _while_waiting(work, net, now)
        return
    should = steps.target(record.first_points, net)
    difference = should - record.points
    intents: list[Intent] = []
    if difference < 0:
        intents.append(TakeBack(POINTS, -difference, tuple(lots), version.document.negative))
    elif difference > 0:
        ends_at, unknown = earning.window(fact, version)
        intents.append(
            Award(
                POINTS,
                difference,
                ends_at if ends_at is not None and ends_at > now else None,
                expiry_of(version.document.expiry, record.paid_at or now, version.zone),
                waits=unknown,
            )
        )
    qualifying = steps.target(record.first_qualifying, net)
    if qualifying > record.qualifying:
        intents.append(Award(QUALIFYING, qualifying - record.qualifying))
    elif qualifying < record.qualifying:
        intents.append(TakeBack(QUALIFYING, record.qualifying - qualifying))
    if intents:
        work.plans.append(_plan(work, intents, should, net))
    record.points, record.qualifying = should, qualifying
    record.counted = steps.target(record.first_counted, net)
    _follow_up(work, net, now)
    record.outcome = steps.CANCELLED if fact.cancelled else "" if record.points else steps.NOTHING_EARNED


def _plan(work: Work, intents: list[Intent], should: int, net: steps.Net) -> Plan:
    fact, record, version = work.fact, work.record, work.version
    return Plan(
        key=f"{fact.ref}|change|{record.revision}",
        digest=input_digest({"order": fact.ref, "revision": record.revision, "left": net.left}),
        kind=Kind.REFUND,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=work.member.pk,
        occurred_at=fact.updated_at,
        intents=tuple(intents),
        channel=fact.channel,
        order_ref=fact.ref,
        reverses_id=record.earn_entry,
        actor=SYSTEM.name,
        source=f"order:{fact.ref}",
        explanation={
            "refund": {
                "awarded": record.first_points,
                "stood": record.points,
                "stands": should,
                "paid": net.paid,
                "left": net.left,
                "currency": fact.currency,
                "cancelled": fact.cancelled,
            }
        },
    )


def _while_waiting(work: Work, net: steps.Net, now: datetime) -> None:
    """An award that still waits for a person is withdrawn when the order changes under it."""
    if net.left == net.paid:
        return
    record = work.record
    approvals.withdraw(SYSTEM, key_prefix=f"{work.fact.ref}|earn|", now=now)
    record.outcome, record.points, record.first_points = steps.CANCELLED, 0, 0
    record.counted = steps.target(record.first_counted, net)
    _follow_up(work, net, now)


def _follow_up(work: Work, net: steps.Net, now: datetime) -> None:
    """Bring what counts for tiers to what stands, and start a window that waited for fulfilment."""
    fact, record, version = work.fact, work.record, work.version
    ends_at, _ = earning.window(fact, version)
    if version.document.pending.starts == "fulfilment" and record.window_ends_at is None:
        record.window_ends_at = ends_at
    rows = list(
        TierFact.objects.filter(member_id=work.member.pk, ref__startswith=f"{fact.ref}|").order_by("pk")
    )
    if not rows:
        if net.left:
            work.facts.extend(earning.counted_facts(work, ends_at))
        return
    today = local_day(now, version.zone)
    for row in rows:
        if row.known_on is not None:
            continue
        same = [r for r in rows if (r.metric, r.product_id) == (row.metric, row.product_id)]
        missing = _should_count(row, record, net) - sum(r.amount for r in same)
        if missing:
            ref, known_on = f"{fact.ref}|r{record.revision}", max(today, row.day)
            work.facts.append(
                QualifyingFact(row.day, Metric(row.metric), missing, row.product_id, ref, known_on)
            )


def _should_count(row: TierFact, record: OrderRecord, net: steps.Net) -> int:
    """What of a fact stands: money and points as the record says, the order and its pieces until nothing does."""
    match row.metric:
        case Metric.SPEND:
            return record.counted
        case Metric.QUALIFYING:
            return record.qualifying
        case _:
            return row.amount if net.left else 0
