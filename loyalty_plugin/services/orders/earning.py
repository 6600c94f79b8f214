"""What an order earns the first time it is found paid: decided once, by the version of that day, with the reason kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.earning.decide import Decision
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.intents import Award, Intent, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind, Shortfall
from loyalty_plugin.domain.lots import local_day, matures_at
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.history import QualifyingFact, purchase
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.services import awards, claims
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.work import Work
from loyalty_plugin.services.posting import Locked


def window(fact: OrderFact, version: ProgrammeVersion) -> datetime | None:
    """When the return window ends; None without one, and while it is unknown because fulfilment starts it."""
    pending = version.document.pending
    if pending.starts == "none" or pending.window_days == 0:
        return None
    start = fact.paid_at if pending.starts == "payment" else fact.fulfilled_at
    if start is None:
        return None
    return matures_at(start, pending.window_days, version.zone)


def first(work: Work, past: awards.Past, locked: Locked, now: datetime) -> None:
    """Decide what the order earns, and note on its record what later refunds are a share of."""
    fact, record, version, member = work.fact, work.record, work.version, work.member
    reason = steps.why_not(fact, version)
    if reason:
        record.outcome = record.outcome if work.credit else reason
        return
    at = fact.paid_at or fact.created_at
    buyer = awards.member_fact(member, version, past, locked)
    if work.tier is not None:
        buyer = replace(buyer, tier=work.tier)
    occasion = order_occasion(version, fact, buyer, at=at)
    left = awards.remaining(member, version, past, locked, occasion.day)
    decision = claims.decide_once(member, version, occasion, left, now)
    awards.take_into_account(past, version, member, decision, occasion.day, lines=fact.lines)
    ends_at = window(fact, version)
    # A window from fulfilment is the order's and not the lots': the goods may come back and be sent again.
    waits = version.document.pending.starts == "fulfilment" and version.document.pending.window_days > 0
    plan = awards.award_plan(
        SYSTEM,
        version,
        member,
        decision,
        key=f"{fact.ref}|earn|{record.revision}",
        request={"order": fact.ref, "revision": record.revision, "updated_at": fact.updated_at},
        kind=Kind.EARN,
        occurred_at=at,
        matures_at=None if waits else ends_at,
        waits=waits,
        order_ref=fact.ref,
        channel=fact.channel,
        source=f"order:{fact.ref}",
        batch=work.credit,
    )
    record.version_id = version.id
    record.past = False
    record.window_ends_at = ends_at if waits else None
    record.first_paid = steps.whole_of(fact)
    record.first_points, record.first_qualifying = decision.points, decision.qualifying
    record.first_counted = occasion.basis
    net = steps.net_of(record, fact, version)
    record.points = steps.target(decision.points, net)
    record.qualifying = steps.target(decision.qualifying, net)
    record.counted = steps.target(occasion.basis, net)
    record.outcome = steps.outcome_of(record, fact)
    if plan is not None and work.claimed:
        plan = replace(plan, explanation={**(plan.explanation or {}), "claimed": {"as": "guest"}})
    if plan is not None:
        work.plans.append(cut_to(plan, record.points, record.qualifying))
    if member.birthday_locked_at is None and _celebrated(decision):
        member.birthday_locked_at = now
        work.locks_birthday = True
    past.orders[member.pk] = past.orders.get(member.pk, 0) + 1
    past.spend[member.pk] = past.spend.get(member.pk, 0) + record.counted
    counted = counted_facts(work, ends_at)
    # All but the qualifying points of a past order counted already.
    work.facts.extend(one for one in counted if not work.credit or one.metric is Metric.QUALIFYING)


def cut_to(plan: Plan, points: int, qualifying: int) -> Plan:
    """The award, of which only so much stands: part of the order was paid back before the award was posted."""
    awards_only = [intent for intent in plan.intents if isinstance(intent, Award)]
    cuts = [
        # What an award repaid of a debt is owed again, whatever the programme's policy says of refunds.
        TakeBack(unit, awarded - stands, shortfall=Shortfall.OWE)
        for unit, stands in ((POINTS, points), (QUALIFYING, qualifying))
        if (awarded := sum(award.amount for award in awards_only if award.unit == unit)) > stands
    ]
    intents: tuple[Intent, ...] = (*awards_only, *cuts)
    return plan if intents == plan.intents else replace(plan, intents=intents)


def _celebrated(decision: Decision) -> bool:
    """A birthday was part of what this earned: the first benefit that it brings locks it."""
    return any(note["code"] == "birthday" and note["applied"] for note in decision.explanation["multipliers"])


def counted_facts(work: Work, window_end: datetime | None) -> tuple[QualifyingFact, ...]:
    """What counts towards tiers, once it is known on which day; nothing before."""
    counts = steps.counts_at(work.fact, work.version, window_end)
    if counts is None:
        return ()
    pieces: dict[str, int] = {}
    for line in work.fact.lines:
        if line.product_id:
            pieces[line.product_id] = pieces.get(line.product_id, 0) + line.quantity
    return purchase(
        local_day(counts, work.version.zone),
        work.fact.ref,
        spend=work.record.counted,
        qualifying=work.record.qualifying,
        pieces=pieces,
    )
