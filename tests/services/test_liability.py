"""The books of any past day are what the members' balances were that day, whatever was booked since."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.intents import (
    Award,
    Consume,
    ConsumeAll,
    Expire,
    Hold,
    Intent,
    Mature,
    TakeBack,
)
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Kind, Shortfall, bonus, principal
from loyalty_plugin.domain.liability import Column, RollForward
from loyalty_plugin.errors import DateOutOfRange, InvalidInput, LoyaltyError, PermissionDenied
from loyalty_plugin.models.ledger import Balance, Lot
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.queries.liability import BREAKDOWNS, books_of, composition
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.services import posting
from tests.services.books import make_members, make_plan, make_version

pytestmark = pytest.mark.django_db

DAYS = 40
BEGIN = datetime(2026, 1, 10, 12, tzinfo=UTC)
END = BEGIN + timedelta(days=DAYS)
EUR, FREE = principal("EUR"), bonus("EUR")
MONEY = {EUR, FREE}


def day_of(number: int) -> date:
    return (BEGIN + timedelta(days=number)).date()


def snapshot() -> Counter[tuple[str, str]]:
    """What the projections say now: an oracle that adds up no posting."""
    found: Counter[tuple[str, str]] = Counter()
    for row in Balance.objects.exclude(unit=QUALIFYING):
        found[row.unit, "has"] += row.pending + row.available + row.held
        found[row.unit, "held"] += row.held
        found[row.unit, "owes"] -= row.owed
    return +found


def told(units: dict[str, RollForward]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for unit, one in units.items():
        found[unit, "has"] += one.closing
        found[unit, "held"] += one.states[Account.HELD]
        found[unit, "owes"] += one.owed_closing
    return +found


def an_act(chance: random.Random, member_id: int) -> tuple[Kind, list[Intent]]:
    unit = chance.choice([POINTS, POINTS, EUR, FREE])
    amount = chance.randint(1, 90)
    lots = tuple(Lot.objects.filter(member_id=member_id, unit=unit).values_list("pk", flat=True))
    picked = tuple(chance.sample(lots, min(2, len(lots))))
    end = chance.choice([None, END + timedelta(days=chance.randint(1, 500))])
    mature = chance.choice([None, END])
    shortfall = chance.choice(list(Shortfall))
    origin = chance.choice(lots) if lots else None
    acts: list[tuple[Kind, list[Intent]]] = [
        (Kind.EARN, [Award(unit, amount, mature, end), Award(QUALIFYING, 5)]),
        (Kind.BONUS, [Award(unit, amount, None, end)]),
        (Kind.EARN, [Award(unit, amount, written_off=amount // 2)]),
        (Kind.MATURE, [Mature(unit, picked)]),
        (Kind.SPEND, [Consume(unit, amount, shortfall=shortfall)]),
        (Kind.HOLD, [Hold(unit, amount)]),
        (Kind.EXPIRE, [Expire(unit, picked)]),
        (Kind.CLEAR, [ConsumeAll(unit)]),
        (Kind.REFUND, [TakeBack(unit, amount, picked, shortfall, expired=3, cleared=2)]),
        (Kind.ADJUST, [Award(unit, amount, source=Account.ADJUSTMENT)]),
        (Kind.BRING_BACK, [Award(unit, amount, source=Account.EXPIRED, origin_lot=origin)]),
    ]
    return chance.choice(acts)


def history(seed: int) -> tuple[Programme, list[Counter[tuple[str, str]]]]:
    """Forty days of random acts, booked in order, each about any day; and what was there at the end of each day."""
    chance, version = random.Random(seed), make_version(f"club{seed}")
    members = make_members(version, 4)
    made = []
    for number in range(DAYS):
        for _ in range(chance.randint(0, 4)):
            member = chance.choice(members)
            kind, intents = an_act(chance, member.pk)
            plan = make_plan(
                version, member, *intents, kind=kind,
                channel=chance.choice(["web", "till"]), issuing_shop=chance.choice(["", "north"]),
                occurred_at=BEGIN + timedelta(days=chance.randint(0, number)),
            )  # fmt: skip
            try:
                posting.post([plan], recorded_at=BEGIN + timedelta(days=number))
            except LoyaltyError:
                continue
        made.append(snapshot())
    return version.programme, made


@pytest.mark.parametrize("seed", range(4))
def test_the_closing_of_any_day_is_what_members_had_and_every_figure_adds_up(seed: int) -> None:
    programme, days = history(seed)
    # A programme beside it changes nothing.
    history(seed + 100)
    for number in range(DAYS):
        books = books_of(SYSTEM, programme, day=day_of(number), now=END)
        whole = books.parts[""]
        assert told(whole) == days[number], number
        if number % 8 == 7:
            _adds_up(programme, number, whole)


def _adds_up(programme: Programme, number: int, whole: dict[str, RollForward]) -> None:
    for one in whole.values():
        assert one.opening + sum(one.columns.values()) == one.closing == sum(one.states.values())
        assert one.owed_opening + sum(one.owed_columns.values()) == one.owed_closing
        assert min(one.states.values()) >= 0 <= one.owed_closing
    for by in BREAKDOWNS:
        books = books_of(SYSTEM, programme, day=day_of(number), now=END, by=by)
        summed: Counter[tuple[str, Any]] = Counter()
        for units in books.parts.values():
            for unit, one in units.items():
                summed.update({(unit, name): amount for name, amount in one.columns.items()})
                summed[unit, "closing"] += one.closing
                summed[unit, "owed"] += one.owed_closing
                if by in ("channel", "issuing-shop", "origin"):
                    assert one.closing >= 0, "what a channel issued is used where it counts"
        expected: Counter[tuple[str, Any]] = Counter()
        for unit, one in whole.items():
            expected.update({(unit, name): amount for name, amount in one.columns.items()})
            expected[unit, "closing"] += one.closing
            expected[unit, "owed"] += one.owed_closing
        assert {k: v for k, v in summed.items() if v} == {k: v for k, v in expected.items() if v}, by
    # A period's opening is the day before's closing.
    before = books_of(SYSTEM, programme, day=day_of(number - 5), now=END).parts[""]
    later = books_of(SYSTEM, programme, day=day_of(number), first=day_of(number - 4), now=END).parts[""]
    assert {u: o.closing for u, o in before.items() if o.closing} == {
        u: o.opening for u, o in later.items() if o.opening
    }
    parts = composition(SYSTEM, programme.pk, books_of(SYSTEM, programme, day=day_of(number), now=END).until)
    open_lots: Counter[str] = Counter()
    for part in parts:
        open_lots[part.unit] += part.amount
        assert (part.origin == "bought") == (part.unit == EUR)
    assert open_lots == +Counter({unit: one.closing for unit, one in whole.items()})


def test_what_is_heard_late_never_changes_a_day_that_is_over() -> None:
    version = make_version()
    [member] = make_members(version, 1)
    posting.post([make_plan(version, member, Award(POINTS, 100), kind=Kind.EARN)], recorded_at=BEGIN)
    over, later = day_of(2), BEGIN + timedelta(days=30)
    before = books_of(SYSTEM, version.programme, day=over, now=later).parts
    late = make_plan(version, member, Award(POINTS, 7), kind=Kind.EARN, occurred_at=BEGIN)
    posting.post([late], recorded_at=later)
    assert books_of(SYSTEM, version.programme, day=over, now=later).parts == before
    today = books_of(SYSTEM, version.programme, day=later.date(), first=day_of(3), now=later).parts[""][
        POINTS
    ]
    assert (today.opening, today.columns, today.closing) == (100, {Column.EARNED: 7}, 107)


def test_a_day_ends_in_the_programmes_zone() -> None:
    version = make_version()  # Europe/Berlin
    [member] = make_members(version, 1)
    posting.post(
        [make_plan(version, member, Award(POINTS, 5))], recorded_at=datetime(2026, 1, 10, 23, 30, tzinfo=UTC)
    )
    now = datetime(2026, 1, 12, 12, tzinfo=UTC)
    assert books_of(SYSTEM, version.programme, day=date(2026, 1, 10), now=now).parts == {"": {}}
    assert books_of(SYSTEM, version.programme, day=date(2026, 1, 11), now=now).parts[""][POINTS].closing == 5
    with pytest.raises(DateOutOfRange):
        books_of(SYSTEM, version.programme, day=date(2026, 1, 13), now=now)
    with pytest.raises(DateOutOfRange):
        books_of(SYSTEM, version.programme, day=date(2026, 1, 10), first=date(2026, 1, 11), now=now)
    with pytest.raises(InvalidInput):
        books_of(SYSTEM, version.programme, day=date(2026, 1, 10), now=now, by="weather")
    with pytest.raises(PermissionDenied):
        books_of(Actor(ActorKind.STAFF, "user:1"), version.programme, day=date(2026, 1, 10), now=now)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("loyalty_liability", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def shop() -> Iterator[Programme]:
    class Clock:
        def now(self) -> datetime:
            return END

    before = ports.clock
    bind(clock=Clock())
    try:
        yield _small_shop()
    finally:
        bind(clock=before)


def _small_shop() -> Programme:
    version = make_version()
    [member] = make_members(version, 1)
    acts = [
        (0, Kind.EARN, Award(POINTS, 1_200, None, END + timedelta(days=20))),
        (0, Kind.BONUS, Award(POINTS, 34)),
        (1, Kind.EARN, Award(EUR, 20_000)),
        (2, Kind.SPEND, Consume(POINTS, 200)),
        (3, Kind.REFUND, TakeBack(POINTS, 1_100)),
    ]
    for number, kind, intent in acts:
        plan = make_plan(version, member, intent, kind=kind, channel="web")
        posting.post([plan], recorded_at=BEGIN + timedelta(days=number))
    return version.programme


def test_the_command_tells_it_as_a_table(shop: Programme) -> None:
    lines = [" ".join(line.split()) for line in run("--as-of", "2026-02-01").splitlines()]
    assert lines[0] == "club (club): 2026-02-01, as booked, Europe/Berlin"
    for line in (
        "earned +1,234",
        "used -200",
        "refunded -1,034",
        "closing 0",
        "newly owed +66",
        "closing 66",
    ):
        assert line in lines, lines
    assert "bought +200.00 EUR" in lines
    assert "paid in by members 200.00 EUR" in lines
    assert "never ends 200.00 EUR" in lines
    early = run("--as-of", "2026-01-10")
    assert "EUR" not in early
    assert "ends within 30 days" not in early
    assert "ends within 90 days" in early
    assert "Nothing was booked." in run("--as-of", "2026-01-01")
    assert "channel: web" in run("--as-of", "2026-02-01", "--by", "channel")


def test_the_command_tells_it_to_machines(shop: Programme) -> None:
    data = json.loads(run("--as-of", "2026-01-12", "--from", "2026-01-11", "--json"))
    points, money = data["parts"]
    assert (points["opening"], points["used"], points["closing"]) == (1_234, -200, 1_034)
    assert (money["unit"], money["bought"], money["closing"]) == (EUR, 20_000, 20_000)
    assert data["closing_by"][POINTS]["origin"] == {"earned by purchases": 1_000, "given free": 34}
    rows = list(csv.DictReader(StringIO(run("--as-of", "2026-02-01", "--by", "currency", "--csv"))))
    owed = [row for row in rows if row["figure"] == "owed.closing" and row["unit"] == POINTS]
    assert [(row["currency"], row["amount"]) for row in owed] == [("EUR", "66")]


def test_the_command_says_what_is_wrong_with_the_question(shop: Programme) -> None:
    for arguments, words in (
        (("--as-of", "2030-01-01"), "not here yet: today is 2026-02-19"),
        (("--as-of", "2026-01-11", "--from", "2026-01-12"), "is after --as-of"),
        (("nowhere",), "Name one of the programmes: club"),
        (("--as-of", "2026-13-01"), "--as-of"),
        (("--by", "weather"), "--by"),
    ):
        with pytest.raises(CommandError, match=words):
            run(*arguments)
    make_version("other")
    with pytest.raises(CommandError, match="Name one of the programmes: club, other"):
        run()
    assert "other" in run("other")
