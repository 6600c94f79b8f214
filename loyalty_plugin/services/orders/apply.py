"""The one path of an order into the ledger, for live work, backfill and reconcile alike; never asks Saleor.

Under the locks of each order's row and then of the members concerned: a fact older than the last applied is
dropped, what stands is compared with what was posted, and the difference is posted under (realm, order, kind,
revision).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING
from loyalty_plugin.errors import AwardNeedsApproval, KeyConflict
from loyalty_plugin.models.members import Member
from loyalty_plugin.services import approvals, awards, bonuses, claims, gifts, limited, paying, posting, tiers
from loyalty_plugin.services.breaches import rules_of
from loyalty_plugin.services.comparing import compare_with_orders
from loyalty_plugin.services.holders import Holder
from loyalty_plugin.services.orders import crediting, earning, past, refunding, steps, vouching
from loyalty_plugin.services.orders.people import People, lock_people
from loyalty_plugin.services.orders.records import (
    Overtaken,
    Record,
    check_new,
    lock_records,
    save_records,
    summary,
)
from loyalty_plugin.services.orders.shops import Shop, Shops, read_shops
from loyalty_plugin.services.orders.work import Work


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one order fact: `outcome` is a stable code, empty where points stand as they should."""

    order_ref: str
    outcome: str
    points: int = 0
    stale: bool = False


def apply_orders(
    facts: Sequence[OrderFact],
    *,
    now: datetime,
    claimed_by: Mapping[str, int] | None = None,
    credit: str = "",
) -> list[Applied]:
    """Apply what was read of at most a few hundred orders; a result for each fact.

    One transaction, or two: orders of members whom somebody else holds wait till the others are done, so that two
    workers who meet in a few members go on side by side. Within a transaction of the caller's there is no second.

    `claimed_by` says whose the guests' orders are now, by reference: see `services.guests`. `credit` names the act by
    which points for past orders were accepted; those that are still past then get them: see `services.history.points`.

    Facts of one order more than once: the newest wins. Raises nothing for a single order's sake: what can't be
    earned is an outcome.
    """
    facts = paying.settle_orders(facts, now=now)
    newest: dict[str, OrderFact] = {}
    for fact in facts:
        known = newest.get(fact.ref)
        if known is None or known.updated_at <= fact.updated_at:
            newest[fact.ref] = fact
    left = [newest[ref] for ref in sorted(newest)]
    # Between two turns locks are let go, which a transaction of the caller's would keep.
    wait = len(left) == 1 or connection.in_atomic_block or bool(claimed_by) or bool(credit)
    applied: dict[str, Applied] = {}
    while left:
        try:
            with transaction.atomic():
                done = _apply(left, now, claimed_by or {}, credit, wait=wait)
        except Overtaken:
            continue
        applied |= done
        left = [fact for fact in left if fact.ref not in done]
        wait = True
    return [applied[fact.ref] for fact in facts]


def _apply(
    facts: Sequence[OrderFact], now: datetime, claimed_by: Mapping[str, int], credit: str, *, wait: bool
) -> dict[str, Applied]:
    """Results by reference; without `wait` none for orders of members whom another transaction holds."""
    shops = read_shops({fact.realm for fact in facts})
    records = lock_records(facts, shops.by_url)
    people = lock_people(facts, shops.by_url, records, claimed_by.values(), wait=wait)
    if people.busy.ids:
        facts = [fact for fact in facts if not people.busy.concern(fact, records.get(fact.ref))]
        records = {fact.ref: records[fact.ref] for fact in facts if fact.ref in records}
    check_new(records.values())
    facts = vouching.with_provenance(facts, records)
    unread = {ref for ref, record in records.items() if record.fact_updated_at is None}
    rules = rules_of((fact for fact in facts if fact.ref in unread), shops, people)
    done: dict[str, Applied] = {}
    works: list[Work] = []
    waiting: set[int] = set()
    for fact in facts:
        shop = shops.by_url.get(fact.realm)
        if shop is None:
            done[fact.ref] = Applied(fact.ref, steps.NO_PROGRAMME)
            continue
        record = records[fact.ref]
        if record.fact_updated_at is not None and fact.updated_at < record.fact_updated_at:
            done[fact.ref] = Applied(fact.ref, record.outcome, record.points, stale=True)
            continue
        work = _begin(fact, record, shop, shops, people, claimed_by, now)
        if isinstance(work, str):
            done[fact.ref] = _close(record, fact, work)
            waiting |= people.may_claim(fact, record)
        else:
            work.credit = credit if record.past else ""
            works.append(work)
    if works:
        _settle(works, shops, now)
    for work in works:
        vouching.note(work)
        done[work.fact.ref] = _close(work.record, work.fact, work.record.outcome)
    if waiting:
        claims.look_for_guest_orders(waiting, now=now)
    compare_with_orders([fact for fact in facts if fact.ref in unread], now=now, rules=rules)
    limited.give_back(facts)
    gifts.note_used(facts)
    save_records([records[ref] for ref, one in done.items() if ref in records and not one.stale])
    return done


def _begin(
    fact: OrderFact,
    record: Record,
    shop: Shop,
    shops: Shops,
    people: People,
    claimed_by: Mapping[str, int],
    now: datetime,
) -> Work | str:
    """The work on one order, or the stable code why there is none."""
    if not shop.live:
        return steps.STAGING
    if record.version_id is not None and record.member_id is not None:
        # Whose order it is and by which rules was settled when it was decided, whatever became of them since.
        version = shops.version(record.version_id)
        return _work(Work(fact, record, people.by_id[record.member_id], version), now)
    served = shops.channels.get((shop.pk, fact.channel))
    if served is None:
        return steps.NO_PROGRAMME
    record.programme_id, record.member_id = served.programme_id, None
    claimed = fact.ref in claimed_by
    if not claimed and (not fact.user_id or record.contact):
        # Saleor may have given a guest's order to an account since: by our terms it is still to be claimed.
        record.contact = record.contact or claims.contact_of(served.programme_id, fact.user_email)
        return steps.GUEST_ORDER if fact.user_id else steps.NOT_A_MEMBER
    is_past = past.is_past(fact, shop, served.versions)
    if claimed:
        member: Holder | str = people.by_id[claimed_by[fact.ref]]
    else:
        member = people.customer(fact, shop, served, now, past=is_past)
    if isinstance(member, str):
        return member
    record.member_id = member.pk
    version = served.versions.at(fact.paid_at or fact.created_at)
    return _work(Work(fact, record, member, version, claimed=claimed, past=is_past), now)


def _work(work: Work, now: datetime) -> Work:
    """The work with what of money paid by hand counts; a second person is asked about it where that is due."""
    if work.fact.paid_by_hand or work.record.outcome in (steps.HAND_WAITS, steps.HAND_REFUSED):
        work.fact = vouching.weighed(work, now)
    return work


def _settle(works: list[Work], shops: Shops, now: datetime) -> None:
    for work in works:
        if work.past:
            past.count(work)
    if earning_works := [work for work in works if not work.past]:
        _earn(earning_works, now)
    tiers.add_facts((w.member.pk, fact) for w in works for fact in w.facts)
    by_programme: dict[int, dict[int, Holder]] = {}
    for work in works:
        if work.facts:
            by_programme.setdefault(work.version.programme_id, {})[work.member.pk] = work.member
    for programme_id, touched in by_programme.items():
        tiers.recompute(list(touched.values()), now=now, versions=shops.versions_of(programme_id))


def _earn(works: list[Work], now: datetime) -> None:
    """Decide and post, each member's orders one after the other."""
    versions = {work.version.id: work.version for work in works}.values()
    budgets = awards.lock_budgets(versions)
    locked = posting.lock({(w.member.pk, unit) for w in works for unit in _units(w)}, lots=False)
    since = min(w.fact.paid_at or w.fact.created_at for w in works)
    known = awards.read_past(sorted({w.member.pk for w in works}), versions, since)
    known.budgets = budgets
    crediting.look_back([work for work in works if work.credit], known, now)
    decided = [work for work in works if work.record.version_id is not None and not work.credit]
    before = refunding.before_of(decided)
    for wave in _waves(works):
        for work in wave:
            work.earned_before = locked.balance(work.member.pk).earned
            if work.record.version_id is None or work.credit:
                earning.first(work, known, locked, now)
            else:
                refunding.change(work, before, now)
        _post(wave, known, locked, now)
    awards.book_budgets(known.used)
    if celebrated := [work.member.pk for work in works if work.locks_birthday]:
        Member.objects.filter(pk__in=celebrated).update(birthday_locked_at=now)


def _units(work: Work) -> tuple[str, ...]:
    """What the order may move: all of it is to be locked at once."""
    qualifies = work.version.document.earning.qualifying.source != "none" or work.record.first_qualifying
    return (POINTS, QUALIFYING) if qualifies else (POINTS,)


def _waves(works: Sequence[Work]) -> Iterator[list[Work]]:
    """The orders in turns with at most one of each member, so that the next one is decided on what was posted."""
    left = sorted(works, key=lambda work: (work.fact.paid_at or work.fact.created_at, work.fact.ref))
    while left:
        wave: dict[int, Work] = {}
        later = []
        for work in left:
            if work.member.pk in wave:
                later.append(work)
            else:
                wave[work.member.pk] = work
        yield list(wave.values())
        left = later


def _post(wave: Sequence[Work], known: awards.Past, locked: posting.Locked, now: datetime) -> None:
    """Post what was decided, and the milestones that were passed by it."""
    plans = [(work, plan) for work in wave for plan in work.plans]
    try:
        results = posting.post([plan for _, plan in plans], recorded_at=now, locked=locked, collect=True)
    except KeyConflict as error:
        # Any other is collected: this one was posted meanwhile, for another member.
        raise Overtaken from error
    for (work, plan), posted in zip(plans, results, strict=True):
        record = work.record
        if isinstance(posted.refusal, AwardNeedsApproval):
            approvals.ask_for_award(plan, posted.refusal, now=now)
            record.outcome, record.points = approvals.AWAITING, 0
        elif posted.refusal is not None:
            # Nothing was posted, so what stood before stands; the next look tries again.
            record.outcome = posted.refusal.code
            record.points, record.qualifying = work.stood
        elif record.earn_entry is None:
            record.earn_entry = posted.entry_id
    for work, _ in plans:
        at = work.fact.paid_at or work.fact.created_at
        bonuses.award_milestones(
            SYSTEM, work.member, work.version, work.earned_before, locked, known, at=at, now=now
        )


def _close(record: Record, fact: OrderFact, outcome: str) -> Applied:
    record.number = fact.number
    record.revision += 1
    record.fact_updated_at = fact.updated_at
    record.fact = summary(fact)
    if fact.charges:
        record.fact["charges"] = {charge.charge_id: charge.source for charge in fact.charges}
    record.paid_at = record.paid_at or fact.paid_at
    record.outcome = outcome
    return Applied(fact.ref, outcome, record.points)
