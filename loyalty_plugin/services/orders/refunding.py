"""What changes on an order that has earned: refunds, charge-backs, their reversal, cancelling, fulfilment.

Works on running totals, which may fall again: what should stand now is compared with what stands, and only the
difference is posted, by the version the order earned under.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.intents import Award, Consume, ConsumeAll, Intent, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Kind, Shortfall, input_digest
from loyalty_plugin.domain.lots import expiry_of, local_day
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.queries.entries import Ended, ended_of_orders, lots_of_order, unverified_of_order
from loyalty_plugin.services import approvals
from loyalty_plugin.services.orders import earning, steps
from loyalty_plugin.services.orders.work import Work


@dataclass(frozen=True, slots=True)
class Before:
    """What the ledger and the tiers' facts hold of orders that were decided before, by reference."""

    lots: Mapping[str, Sequence[int]]
    ended: Mapping[str, Ended]
    counted: Mapping[str, Sequence[TierFact]]


def before_of(works: Sequence[Work]) -> Before:
    """Three queries, however many orders; none where there are none."""
    if not works:
        return Before({}, {}, {})
    refs = [work.fact.ref for work in works]
    counted: dict[str, list[TierFact]] = {}
    rows = TierFact.objects.filter(member_id__in={work.member.pk for work in works}).order_by("pk")
    wanted = set(refs)
    for row in rows:
        ref = "|".join(row.ref.split("|")[:2])  # what follows is the metric, the product, the revision
        if ref in wanted:
            counted.setdefault(ref, []).append(row)
    return Before(lots_of_order(refs), ended_of_orders(refs), counted)


def change(work: Work, before: Before, now: datetime) -> None:
    """Bring points and tier facts of an order that has earned to what stands of it now."""
    fact, record, version = work.fact, work.record, work.version
    net = steps.net_of(record, fact, version)
    counted = before.counted.get(fact.ref, ())
    should = steps.target(record.first_points, net)
    qualifying = steps.target(record.first_qualifying, net)
    never_posted = record.first_points > 0 and record.earn_entry is None
    if never_posted and (asked := approvals.last_award(fact.ref)) is not None:
        _while_waiting(work, asked, should, qualifying, now)
        record.counted = steps.target(record.first_counted, net)
        _follow_up(work, net, counted, now)
        return
    work.stood = (record.points, record.qualifying)
    difference = should - record.points
    ended = before.ended.get(fact.ref, Ended())
    intents: list[Intent] = []
    # Nobody is left to owe anything, or to be given it back.
    erased = work.member.status == Member.Status.ERASED
    policy = Shortfall.WRITE_OFF if erased else version.document.negative
    if difference < 0:
        lots = tuple(before.lots.get(fact.ref, ()))
        intents.append(
            TakeBack(POINTS, -difference, lots, policy, expired=ended.expired, cleared=ended.cleared)
        )
    elif difference > 0:
        intents.extend(_given_again(work, difference, ended.written_off, net, now))
    if qualifying > record.qualifying:
        intents.append(Award(QUALIFYING, qualifying - record.qualifying))
    elif qualifying < record.qualifying:
        missing = Shortfall.WRITE_OFF if erased else Shortfall.OWE
        intents.append(TakeBack(QUALIFYING, record.qualifying - qualifying, shortfall=missing))
    if erased:
        intents += _cleared(difference, qualifying - record.qualifying)
    if intents:
        work.plans.append(_plan(work, intents, should, net))
    record.points, record.qualifying = should, qualifying
    record.counted = steps.target(record.first_counted, net)
    _follow_up(work, net, counted, now)
    record.outcome = steps.outcome_of(record, fact)


def _cleared(points: int, qualifying: int) -> Iterator[Intent]:
    """What a refund that did not last would give back, gone as all the rest went."""
    if points > 0:
        yield ConsumeAll(POINTS)
    if qualifying > 0:
        yield Consume(QUALIFYING, qualifying, to=Account.CLEARED)


def _given_again(work: Work, points: int, written_off: int, net: steps.Net, now: datetime) -> list[Intent]:
    """Points of a refund that did not last; those without a purchase still wait for the contact, as at first."""
    record, version = work.record, work.version
    ends_at = earning.window(work.fact, version)
    from_fulfilment = version.document.pending.starts == "fulfilment"
    award = Award(
        POINTS,
        points,
        ends_at if ends_at is not None and ends_at > now and not from_fulfilment else None,
        expiry_of(version.document.expiry, record.paid_at or now, version.zone),
        waits=from_fulfilment and version.document.pending.window_days > 0 and record.matured_at is None,
        restores=record.earn_entry is not None,
        written_off=min(written_off, points),
    )
    if work.member.verified_at is not None:
        return [award]
    first, stands = unverified_of_order(work.fact.ref, record.earn_entry)
    free = max(min(steps.target(first, net) - stands, points - award.written_off), 0)
    parts = (
        replace(award, amount=points - free),
        replace(award, amount=free, needs_verification=True, written_off=0),
    )
    return [part for part in parts if part.amount]


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


def _while_waiting(
    work: Work, asked: approvals.AskedAward, should: int, qualifying: int, now: datetime
) -> None:
    """An award that was never posted: a person is asked for what stands of the order now, and for no more."""
    fact, record = work.fact, work.record
    record.qualifying = 0 if asked.refused else qualifying
    if asked.refused or (asked.waits and asked.plan.awarded == should):
        return
    if asked.waits:
        approvals.withdraw(SYSTEM, request_id=asked.request_id, now=now)
    record.points = should
    record.outcome = "" if should else steps.outcome_of(record, fact)
    if should:
        plan = replace(
            asked.plan,
            key=f"{fact.ref}|earn|{record.revision}",
            digest=input_digest({"order": fact.ref, "revision": record.revision, "points": should}),
            source=f"order:{fact.ref}",
        )
        work.plans.append(earning.cut_to(plan, should, qualifying))


def _follow_up(work: Work, net: steps.Net, rows: Sequence[TierFact], now: datetime) -> None:
    """Bring what counts for tiers to what stands, and start a window that waited for fulfilment."""
    fact, record, version = work.fact, work.record, work.version
    ends_at = earning.window(fact, version)
    if version.document.pending.starts == "fulfilment" and record.matured_at is None:
        record.window_ends_at = ends_at  # unknown again where a fulfilment was taken back
    counts = earning.counted_facts(work, ends_at) if net.left else ()
    if not rows:
        work.facts.extend(counts)
        return
    # The day may be another one than before, or none: goods were sent, taken back, and sent again.
    should = {(one.day, one.metric, one.product_id): one.amount for one in counts}
    stands: dict[tuple[date, Metric, str], int] = {}
    for row in rows:
        key = (row.day, Metric(row.metric), row.product_id)
        stands[key] = stands.get(key, 0) + row.amount
    today = local_day(now, version.zone)
    for day, metric, product in sorted({*should, *stands}):
        missing = should.get((day, metric, product), 0) - stands.get((day, metric, product), 0)
        if missing:
            ref, known_on = f"{fact.ref}|r{record.revision}|{day}", max(today, day)
            work.facts.append(QualifyingFact(day, metric, missing, product, ref, known_on))
