"""Signed webhooks over HTTP against a bare view, answers at a checkout against a hello, the inbox against bare posting."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import connection

from loyalty_plugin.models.inbox import InboxItem
from tests.benchmarks.measures import Measure, median, rounds, spread
from tests.benchmarks.served.asking import Answers, ask, request
from tests.benchmarks.served.serving import server
from tests.benchmarks.world import World
from tests.saleor.roomkit import API, EVENTS, KEY, SECRET, event, install

CONNECTIONS = 16
BARE = "CREATE TABLE bench_event (id bigserial PRIMARY KEY, body bytea NOT NULL, received_at timestamptz NOT NULL)"


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    yield from taking_in(world)


def signed(path: str, body: bytes) -> bytes:
    """A delivery over the wire, by Saleor's key and with our secret."""
    return request(path, body, Saleor_Api_Url=API, Saleor_Signature=KEY.sign(body), X_Loyalty_Secret=SECRET)


def taking_in(world: World) -> Iterator[Measure]:
    """Each body another: copies would fold, and cost us less."""
    count = world.size(3_000, 20_000)
    bodies = [event("OrderUpdated", order={"id": f"T3JkZXI6{number:08}"}) for number in range(count)]
    mine, bare = ([signed(path, body) for body in bodies] for path in (EVENTS, "/peer/events"))
    with world.database("bench_intake") as url:
        install()
        with connection.cursor() as cursor:
            cursor.execute(BARE)
        with server(url) as port:
            ours = Contest("loyalty_plugin_inboxitem", lambda: ask(port, mine, CONNECTIONS))
            peer = Contest("bench_event", lambda: ask(port, bare, CONNECTIONS))
            figures = rounds(world.size(3, 7), ours, peer)
            assert InboxItem.objects.filter(event="OrderUpdated").count() in (0, count)
    yield from compared("signed webhooks taken in", "bare Ninja view", figures, ours, peer, 0.85, 1.2)


class Contest:
    """One who answers, round after round into an empty table; keeps what all but one in a hundred took (ms)."""

    def __init__(self, table: str, act: Callable[[], Answers], status: int = 202) -> None:
        self.table, self.act, self.status = table, act, status
        self.p99: list[float] = []

    def __call__(self) -> float:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {self.table}")
        answers = self.act()
        assert set(answers.statuses) == {self.status}, answers.statuses
        self.p99.append(answers.p99)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.table}")
            assert cursor.fetchone()[0] == answers.statuses[self.status], "some were lost, or folded"
        return answers.rate


def compared(
    what: str, peer: str, figures: list[list[float]], ours: Contest, other: Contest, least: float, most: float
) -> Iterator[Measure]:
    """Rate and p99 of two contestants; their first round was to warm up."""
    rates, others = figures
    yield Measure(
        "intake",
        f"{what}, {CONNECTIONS} connections",
        median(rates),
        "requests/s",
        median(others),
        peer,
        least,
        spread=spread(rates, others),
    )
    mine, theirs = ours.p99[1:], other.p99[1:]
    yield Measure(
        "intake",
        f"{what}: 99 of 100 within",
        median(mine),
        "ms",
        median(theirs),
        peer,
        most,
        "at most",
        spread=spread(mine, theirs),
    )
