"""Signed webhooks over HTTP against a bare view, answers at a checkout against a hello, the inbox against bare posting."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from django.db import connection
from django.utils import timezone

from loyalty_plugin import jobs, registry
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.saleor.subscriptions import SHIPPING_LIST
from loyalty_plugin.tasks import LANES
from loyalty_plugin.webhooks.processing import drain_inbox
from tests import factories
from tests.benchmarks.benches.ledger import BATCH, ENTERED, post_for, settle
from tests.benchmarks.measures import Measure, median, rounds, seconds, spread
from tests.benchmarks.members import multiply
from tests.benchmarks.served.asking import Answers, ask, request
from tests.benchmarks.served.perks import register
from tests.benchmarks.served.serving import server
from tests.benchmarks.world import World
from tests.saleor.roomkit import API, EVENTS, KEY, SECRET, event, install

CONNECTIONS = 16
BARE = "CREATE TABLE bench_event (id bigserial PRIMARY KEY, body bytea NOT NULL, received_at timestamptz NOT NULL)"
PERK = {"id": "free", "perk": "bench_ships", "params": {}}


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    yield from taking_in(world)
    yield answering(world)
    yield draining(world)


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
    yield from compared("signed webhooks taken in", "bare Ninja view", figures, ours, peer)


def answering(world: World) -> Measure:
    """Saleor's question for ways of sending, of members all over the table; nothing is answered that was answered before."""
    members, count = world.size(50_000, 1_000_000), world.size(2_000, 10_000)
    with world.database("bench_answers") as url:
        install()
        register()
        realm = Realm.objects.get(api_url=API)
        programme = factories.programme(factories.document(perks=[PERK]))
        programme.channels.update(realm=realm)
        factories.member(programme, external_id="c1")
        Member.objects.update(realm=realm)
        multiply(members)
        chance = random.Random(7)
        channel = {"slug": factories.CHANNEL, "currencyCode": programme.currency}
        bodies = [
            event(
                SHIPPING_LIST, checkout={"user": {"id": f"c{chance.randint(2, members)}"}, "channel": channel}
            )
            for _ in range(count)
        ]
        mine, bare = ([signed(path, body) for body in bodies] for path in (EVENTS, "/peer/hello"))
        with server(url) as port:
            ours = Contest("", lambda: ask(port, mine, CONNECTIONS), 200)
            peer = Contest("", lambda: ask(port, bare, CONNECTIONS), 200)
            rounds(world.size(3, 7), ours, peer)
    what = f"questions of a checkout, {members:,} members, {CONNECTIONS} connections"
    return slowest(what, "a view that says hello", ours, peer, 3.0)


class Shop:
    """Answers at once with the orders it has."""

    def __init__(self) -> None:
        self.has: dict[str, OrderFact] = {}

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        return {one: self.has[one] for one in order_ids}


def draining(world: World) -> Measure:
    """One worker, since one at a time drains, with lanes as the task has them.

    Each event is of another order of another member, all paid, none seen before.
    """
    members, count = world.size(20_000, 100_000), world.size(4_000, 20_000)
    numbers, chance, shop = itertools.count(), random.Random(9), Shop()
    with world.database("bench_drain") as url:
        ours = install(api_url=factories.REALM)
        factories.member(factories.programme(), external_id="c1")
        multiply(members)
        with connection.cursor() as cursor:
            cursor.execute(ENTERED)
        programme = Programme.objects.get()
        bound = registry.ports._storefront
        registry.bind(storefront=shop)  # type: ignore[arg-type]
        jobs.settle_in()  # as in a worker

        def drain() -> float:
            shop.has = {}
            for _ in range(count):
                buyer = Member(external_id=f"c{chance.randint(1, members)}", programme=programme)
                fact = factories.order(buyer, order_id=f"drained-{next(numbers)}")
                shop.has[fact.order_id] = fact
            _tell(ours, shop.has)
            before = OrderRecord.objects.count()
            took = seconds(lambda: drain_inbox(count, factories.NOW, lanes=LANES))
            assert OrderRecord.objects.count() - before == count
            return count / took

        def posting() -> float:
            return post_for(url, world.size(4, 10), BATCH, members, chance.randrange(10**9))

        try:
            drain()
            settle()
            drained, posted = rounds(world.size(3, 5), drain, posting)
        finally:
            registry.bind(storefront=bound)  # type: ignore[arg-type]
    return Measure(
        "intake",
        f"events drained from inbox to ledger, 1 worker with {LANES} lanes, Saleor answers at once",
        median(drained),
        "orders/s",
        median(posted),
        f"posting in batches of {BATCH}, 1 worker",
        0.5,
        spread=spread(drained, posted),
    )


def _tell(ours: Installation, order_ids: Mapping[str, object]) -> None:
    bodies = [event("OrderFullyPaid", order={"id": order_id}) for order_id in order_ids]
    InboxItem.objects.bulk_create(
        InboxItem(
            installation=ours,
            sha256=hashlib.sha256(body).digest(),
            event="OrderFullyPaid",
            body=body,
            received_at=timezone.now(),
        )
        for body in bodies
    )


class Contest:
    """One who answers, round after round into an empty table, if into any; keeps what all but one in a hundred took (ms)."""

    def __init__(self, table: str, act: Callable[[], Answers], status: int = 202) -> None:
        self.table, self.act, self.status = table, act, status
        self.p99: list[float] = []

    def __call__(self) -> float:
        if self.table:
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {self.table}")
        answers = self.act()
        assert set(answers.statuses) == {self.status}, answers.statuses
        self.p99.append(answers.p99)
        if self.table:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {self.table}")
                assert cursor.fetchone()[0] == answers.statuses[self.status], "some were lost, or folded"
        return answers.rate


def compared(
    what: str, peer: str, figures: list[list[float]], ours: Contest, other: Contest
) -> Iterator[Measure]:
    """Rate and p99 of two contestants who took in the same."""
    rates, others = figures
    yield Measure(
        "intake",
        f"{what}, {CONNECTIONS} connections",
        median(rates),
        "requests/s",
        median(others),
        peer,
        0.85,
        spread=spread(rates, others),
    )
    yield slowest(what, peer, ours, other, 1.2)


def slowest(what: str, peer: str, ours: Contest, other: Contest, most: float) -> Measure:
    """What all but one in a hundred took; the first round was to warm up."""
    mine, theirs = ours.p99[1:], other.p99[1:]
    told = f"{what}: 99 of 100 within"
    return Measure(
        "intake", told, median(mine), "ms", median(theirs), peer, most, "at most", spread=spread(mine, theirs)
    )
