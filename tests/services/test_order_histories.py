"""Events of an order commute: what stands depends on what the order is, not on what was read when, or how often.

Every history is an order of its own, so that thousands are applied side by side through the one path of orders.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.facts import ChargeFact, OrderFact
from loyalty_plugin.models.ledger import Balance, Lot
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, line, order, programme, realm
from tests.scale import scaled

pytestmark = pytest.mark.django_db

TOTAL = 9_999
AT_ONCE = 250
SEEN_AT = NOW + timedelta(days=2)
PROGRAMMES: dict[str, dict[str, Any]] = {
    "as most have it": {},
    "hands count, window from fulfilment": {
        "hand_paid": "counts",
        "hand_paid_limit": 4_000,
        "hand_paid_daily": 10**12,  # the sum of a day depends on other orders
        "pending": {"starts": "fulfilment", "window_days": 14},
    },
    "no window, spend counts when sent": {
        "pending": {"starts": "none", "window_days": 0},
        "spend_counts": "fulfilment",
        "hand_paid": "counts",
    },
    "written off, ends by inactivity": {
        "negative": "write_off",
        "expiry": {"kind": "inactivity", "months": 6, "warn_days": 10},
        "spend_counts": "window",
    },
}


@dataclass(frozen=True)
class State:
    """An order at one moment of its life."""

    charges: tuple[tuple[int, str], ...] = ()
    back: int = 0
    status: str = "UNFULFILLED"
    test: bool = False
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None

    def fact(self, of: OrderFact, at: datetime) -> OrderFact:
        came = sum(amount for amount, _ in self.charges)
        left, stands = self.back, []
        for amount, _ in reversed(self.charges):
            stands.insert(0, amount - min(left, amount))
            left -= min(left, amount)
        charges = tuple(
            ChargeFact(f"c{place}", amount, stands[place], source)
            for place, (amount, source) in enumerate(self.charges)
        )
        return replace(
            of,
            charges=charges,
            charged=max(came - self.back, 0),
            refunded=self.back,
            paid_by_hand=provenance.by_hand(charges),
            gift_card_paid=provenance.by_gift_card(charges),
            status=self.status,
            cancelled=self.status == "CANCELED",
            test=self.test,
            paid_at=self.paid_at,
            fulfilled_at=self.fulfilled_at,
            updated_at=at,
        )


def charged(state: State, amount: int, source: str, at: datetime) -> State:
    charges = (*state.charges, (amount, source))
    covered = sum(one for one, _ in charges) >= TOTAL
    return replace(state, charges=charges, paid_at=state.paid_at or (at if covered else None))


def steps_from(state: State, at: datetime, rng: random.Random) -> State:
    """One thing that happens to an order."""
    came = sum(amount for amount, _ in state.charges)
    sources = ["app:psp", "app:psp", f"{provenance.HAND}clerk"]
    if state.paid_at is None:
        sources.append(provenance.GIFT_CARD)
    part = rng.choice([TOTAL - came, TOTAL // 2, 3_333, rng.randint(1, TOTAL)])
    match rng.choice(["charge", "charge", "refund", "refund", "reverse", "status", "send", "test"]):
        case "charge" if part > 0:
            return charged(state, part, rng.choice(sources), at)
        case "refund":
            return replace(state, back=state.back + rng.choice([1, 3_333, max(came - state.back, 0)]))
        case "reverse":
            return replace(state, back=rng.choice([0, state.back // 2]))
        case "status":
            return replace(state, status=rng.choice(["UNFULFILLED", "CANCELED", "UNFULFILLED"]))
        case "send":
            return replace(state, fulfilled_at=None if state.fulfilled_at else at)
        case "test":
            return replace(state, test=not state.test)
    return state


def history(length: int, rng: random.Random) -> list[State]:
    """The states of an order one after the other; most begin paid, since little happens before."""
    first = State(status=rng.choice(["UNFULFILLED", "UNFULFILLED", "UNCONFIRMED", "DRAFT"]))
    states = [charged(first, TOTAL, "app:psp", NOW) if rng.random() < 0.6 else first]
    while len(states) < length:
        at = NOW + timedelta(minutes=len(states))
        confirmed = replace(states[-1], status="UNFULFILLED") if rng.random() < 0.5 else states[-1]
        states.append(steps_from(confirmed, at, rng))
    return states


@dataclass
class Case:
    """One order of one customer with what is read of it, in the order in which it is applied."""

    states: Sequence[State]
    reads: Sequence[int]
    told: str
    ref: str = ""
    facts: list[OrderFact] = field(default_factory=list)


def orderings(states: Sequence[State]) -> Iterator[Sequence[int]]:
    """All orders in which the states may be read, with nothing left out and with the last alone."""
    last = len(states) - 1
    yield from itertools.permutations(range(len(states)))
    yield (last,)


def shuffled(length: int, rng: random.Random) -> list[int]:
    """Some of the states in any order, some of them twice, the last one for certain: it is looked for until it came."""
    reads = [rng.randrange(length) for _ in range(rng.randint(0, length + 2))] + [length - 1]
    rng.shuffle(reads)
    return reads


def play(club: Programme, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Apply all reads of all cases; what stands of each in the end."""
    for number, case in enumerate(cases):
        blank = Member(programme=club, external_id=f"User:h{number}-{id(case)}", email="")
        made = order(blank, lines=[line(6_000), line(TOTAL - 6_000, product="Product:2")])
        case.ref = made.ref
        whole = [state.fact(made, NOW + timedelta(minutes=at)) for at, state in enumerate(case.states)]
        case.facts = [whole[read] for read in case.reads]
    for step in range(max(len(case.facts) for case in cases)):
        due = [case.facts[step] for case in cases if step < len(case.facts)]
        for start in range(0, len(due), AT_ONCE):
            apply_orders(due[start : start + AT_ONCE], now=SEEN_AT)
    return _standing(cases)


def _standing(cases: Sequence[Case]) -> list[dict[str, Any]]:
    records = {
        f"{one.realm.api_url}|{one.order_id}": one for one in OrderRecord.objects.select_related("realm")
    }
    members = {one.external_id: one.pk for one in Member.objects.all()}
    balances: dict[int, dict[str, Any]] = {}
    for row in Balance.objects.values_list("member_id", "unit", "pending", "available", "held", "owed"):
        balances.setdefault(row[0], {})[row[1]] = row[2:]
    lots: dict[int, list[Any]] = {}
    rows = Lot.objects.filter(member_id__isnull=False).values("member_id", "unit", "matures_at", "expires_at")
    for row in rows.annotate(Sum("pending"), Sum("available")).order_by("unit", "matures_at", "expires_at"):
        if row["pending__sum"] or row["available__sum"]:
            lots.setdefault(row["member_id"], []).append(tuple(row.values()))
    facts: dict[int, list[Any]] = {}
    counted = TierFact.objects.values("member_id", "metric", "day", "product_id").annotate(Sum("amount"))
    for row in counted.order_by("metric", "day", "product_id"):
        if row["amount__sum"]:
            facts.setdefault(row["member_id"], []).append(tuple(row.values())[1:])
    asked = dict(Request.objects.filter(status="waiting").values_list("member_id", "amount"))
    found = []
    for case in cases:
        record, member = records[case.ref], members.get(case.facts[0].user_id)
        found.append(
            {
                # Why nothing stands may be told by what was seen first; that nothing stands may not.
                "record": (
                    record.points,
                    record.qualifying,
                    record.counted,
                    record.points and record.outcome,
                ),
                "window": record.points and record.window_ends_at,
                "balances": balances.get(member or 0, {}),
                "lots": [lot[1:] for lot in lots.get(member or 0, [])],
                "tiers": facts.get(member or 0, []),
                "asked": asked.get(member or 0),
            }
        )
    return found


def same(club: Programme, cases: Sequence[Case]) -> None:
    """Whatever was read on the way: it ends as if only the newest had been read."""
    straight = [Case(case.states, [len(case.states) - 1], case.told) for case in cases]
    for case, got, expected in zip(cases, play(club, cases), play(club, straight), strict=True):
        differs = {name: (got[name], expected[name]) for name in got if got[name] != expected[name]}
        assert not differs, f"{case.told}: read as {list(case.reads)} of {case.states}"


@pytest.fixture(params=PROGRAMMES)
def club(request: pytest.FixtureRequest) -> Programme:
    made = programme(document(**PROGRAMMES[request.param]))
    made.auto_join = True
    made.save()
    realm()
    return made


def test_all_orders_of_short_histories_end_alike(club: Programme):
    rng = random.Random(seed := random.getrandbits(32))
    cases = []
    for _ in range(scaled(4, 40)):
        states = history(rng.choice([2, 3, 4]), rng)
        cases += [Case(states, reads, f"seed {seed}") for reads in orderings(states)]
    same(club, cases)


def test_random_histories_end_alike(club: Programme):
    rng = random.Random(seed := random.getrandbits(32))
    cases = []
    for _ in range(scaled(100, 2_500)):
        states = history(rng.randint(5, 9), rng)
        cases.append(Case(states, shuffled(len(states), rng), f"seed {seed}"))
    same(club, cases)
