"""Compares what the shop has with our rows, and heals what differs through the ordinary path; reads no shop itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import CustomerFact, OrderFact
from loyalty_plugin.errors import AlreadyMember, MembershipErased
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services import approvals, members
from loyalty_plugin.services.history import applying, vanished
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.records import summary

#: Outcomes of an order that are as they should be; any other is told, and tried again next time.
SETTLED: Final = frozenset(
    {
        "",
        approvals.AWAITING,
        steps.NO_PROGRAMME,
        steps.NOT_A_MEMBER,
        steps.GUEST_ORDER,
        steps.STAGING,
        steps.FROZEN,
        steps.NOT_PAID,
        steps.OTHER_CURRENCY,
        steps.ZERO_VALUE,
        steps.CANCELLED,
        steps.NOTHING_EARNED,
        steps.PAST_ORDER,
        steps.DRAFT,
        steps.NOT_CONFIRMED,
        steps.TEST_ORDER,
        steps.IMPORTED,
        steps.PAID_BY_HAND,
        steps.HAND_WAITS,
        steps.HAND_REFUSED,
        MembershipErased.code,
        AlreadyMember.code,
    }
)
#: We had never heard of it; it was otherwise; our row is newer than what the shop has; the shop has it no more.
MISSED, CHANGED, OURS_NEWER, GONE = "missed", "changed", "ours_newer", "gone"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was not as the shop had it; `healed` if it is now. See `models.reconciling.Difference`."""

    kind: str
    target: str
    healed: bool
    why: str
    number: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Compared:
    """How many were as they should be, and what was not."""

    equal: int = 0
    found: list[Found] = field(default_factory=list)
    #: Orders of which our row is newer than what was read: perhaps an event was quicker. To be read once more.
    newer: list[str] = field(default_factory=list)


def orders(realm: Realm, facts: Sequence[OrderFact], now: datetime) -> Compared:
    """Compare orders as they were just read, and heal. In the caller's transaction."""
    known = {
        row.order_id: row
        for row in OrderRecord.objects.filter(realm=realm, order_id__in=[fact.order_id for fact in facts])
    }
    compared = Compared()
    wrong: dict[str, tuple[OrderFact, str, dict[str, Any]]] = {}
    for fact in facts:
        row = known.get(fact.order_id)
        held = row.fact_updated_at if row is not None else None
        if row is None or held is None:
            wrong[fact.order_id] = (fact, MISSED, {})
        elif held > fact.updated_at:
            compared.newer.append(fact.order_id)
        elif differs := _differs(row, fact):
            wrong[fact.order_id] = (fact, CHANGED, differs)
        elif row.outcome not in SETTLED or (realm.live and row.outcome == steps.STAGING):
            wrong[fact.order_id] = (fact, row.outcome, {})
        else:
            compared.equal += 1
    outcomes = applying.page_of("orders", realm, [fact for fact, _, _ in wrong.values()], now)
    for order_id, (fact, why, detail) in wrong.items():
        outcome = outcomes[order_id]
        if outcome == "stale":
            compared.equal += 1  # an event was quicker
            continue
        healed = outcome in SETTLED
        compared.found.append(
            Found("order", order_id, healed, why if healed else outcome, fact.number, detail)
        )
    return compared


def _differs(row: OrderRecord, fact: OrderFact) -> dict[str, Any]:
    """What differs, as `{name: [ours, theirs]}` and the money's currency ("in"); empty where nothing does.

    The time alone is told where nothing else shows that something changed.
    """
    theirs = summary(fact)
    found = {
        name: [row.fact.get(name), value] for name, value in theirs.items() if row.fact.get(name) != value
    }
    if not found and row.fact_updated_at != fact.updated_at:
        ours = row.fact_updated_at.isoformat() if row.fact_updated_at else None
        return {"updated_at": [ours, fact.updated_at.isoformat()]}
    if not found:
        return {}
    return {**found, "in": fact.currency}


def newer(realm: Realm, facts: Mapping[str, OrderFact], wanted: Sequence[str], now: datetime) -> Compared:
    """Orders read once more of which ours was newer: still newer means that the shop lost what we saw."""
    held = dict(
        OrderRecord.objects.filter(realm=realm, order_id__in=wanted).values_list(
            "order_id", "fact_updated_at"
        )
    )
    compared = gone(realm, [one for one in wanted if one not in facts], (), now)
    for order_id in wanted:
        fact, ours = facts.get(order_id), held.get(order_id)
        if fact is None:
            continue
        if ours is not None and ours > fact.updated_at:
            times = [ours.isoformat(), fact.updated_at.isoformat()]
            compared.found.append(
                Found("order", order_id, False, OURS_NEWER, fact.number, {"updated_at": times})
            )
        else:
            compared.equal += 1
    return compared


def gone(realm: Realm, ours: Sequence[str], theirs: Collection[str], now: datetime) -> Compared:
    """Orders of ours (ids) of which Saleor has only `theirs`. Told once; nothing is taken back for it."""
    noted = vanished.note(realm, ours, theirs, now)
    return Compared(
        found=[Found("order", order_id, False, GONE, number) for order_id, number in noted.items()]
    )


def customers(realm: Realm, facts: Sequence[CustomerFact], now: datetime) -> Compared:
    """Take over what changed of customers as they were just read. In the caller's transaction."""
    compared = Compared()
    for user_id, code in applying.page_of("customers", realm, facts, now).items():
        if code == applying.FAILED:
            compared.found.append(Found("customer", user_id, False, code))
        elif "joined" in code or "verified" in code:
            compared.found.append(Found("customer", user_id, True, code[:40]))
        else:
            compared.equal += 1
    return compared


def accounts(
    realm: Realm, known: Sequence[str], facts: Mapping[str, CustomerFact], now: datetime
) -> Compared:
    """Let members go whose accounts (ids) the shop has no more, and keep the others. In the caller's transaction."""
    compared = customers(realm, [facts[user_id] for user_id in known if user_id in facts], now)
    gone = [user_id for user_id in known if user_id not in facts]
    if gone:
        left = Member.objects.filter(realm=realm, external_id__in=gone, status=Member.Status.ACTIVE)
        members.leave(SYSTEM, member_ids=list(left.values_list("pk", flat=True)), now=now)
        compared.found += [Found("customer", user_id, True, GONE) for user_id in gone]
    return compared
