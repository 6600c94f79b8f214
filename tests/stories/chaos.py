"""A shop under chaos: real processes that are killed, a database that crashes, events lost, doubled and out of order.

It places orders at the stand-in and reports refunds, and keeps what each order was after every act, so that a test can
play the same undisturbed.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg

from loyalty_plugin.domain.facts import CustomerFact, OrderFact
from loyalty_plugin.saleor.documents import document
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.saleor.payloads.customers import customer_fact
from loyalty_plugin.saleor.payloads.orders import order_fact
from sandbox.launch.manager import Manager
from sandbox.launch.ports import HOST, free_ports
from sandbox.launch.processes import ROOT, Child, Processes
from sandbox.postgres import Cluster, Server
from tests import database
from tests.saleor.standinkit import CHANNEL, PASSWORD, SEED, Caller
from tests.scale import scaled

INSTALL = "mutation($i:AppInstallInput!){appInstall(input:$i){appInstallation{id} errors{code message}}}"
PATIENCE = scaled(240, 2400)
#: Sums of what came from outside the member's accounts, by order, unit and what tells lots apart.
BOOKED = """
SELECT e.order_ref, m.external_id, p.unit, l.expires_at, l.matures_at,
       sum(CASE WHEN p.source = 'issuance' THEN p.amount ELSE -p.amount END)
  FROM loyalty_plugin_posting p
  JOIN loyalty_plugin_entry e ON e.id = p.entry_id
  JOIN loyalty_plugin_member m ON m.id = p.member_id
  LEFT JOIN loyalty_plugin_lot l ON l.id = coalesce(p.destination_lot_id, p.source_lot_id)
 WHERE 'issuance' IN (p.source, p.destination) AND e.order_ref <> ''
 GROUP BY 1, 2, 3, 4, 5
HAVING sum(CASE WHEN p.source = 'issuance' THEN p.amount ELSE -p.amount END) <> 0
"""
#: Terms in which an order depends on itself alone, and such in which it looks at others.
ALONE: dict[str, Any] = {
    "tiers": [
        {"code": "basic", "name": {"en": "Basic"}, "rank": 0},
        {
            "code": "vip",
            "name": {"en": "VIP"},
            "rank": 1,
            "entry": [[{"metric": "spend", "at_least": 15_000}]],
        },
    ],
    "earning": {"rules": [{"id": "base", "rule": "amount", "params": {"points": 1, "per": "1.00"}}]},
    "pending": {"starts": "payment", "window_days": 14},
    "expiry": {"kind": "after", "months": 12},
    "negative": "owe",
}
BUDGET, DAILY = 300, 60
TOGETHER: dict[str, Any] = {
    **ALONE,
    "earning": {
        **ALONE["earning"],
        "multipliers": [
            {"id": "tier", "multiplier": "tier", "params": {"rates": {"vip": "2"}}},
            {"id": "spring", "multiplier": "campaign", "params": {"rate": "3"}, "campaign": "spring"},
        ],
        "campaigns": [{"code": "spring", "name": {"en": "Spring"}, "budget": BUDGET}],
        "caps": {"day": DAILY},
    },
}
#: Run in the shop's own process, as a host's set-up would.
BEGIN = """
import json, sys
from datetime import datetime, timedelta, UTC
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services import programmes
now = datetime.now(UTC)
for code, channel, currency, terms in json.loads({given!r}):
    what = dict(code=code, name=code, currency=currency, timezone="Europe/Berlin", document=terms)
    draft = programmes.create_programme(SYSTEM, now=now, **what)
    where = dict(programme_id=draft.programme_id, realm_id=Realm.objects.get().pk, slugs=[channel])
    programmes.serve_channels(SYSTEM, now=now, **where)
    programmes.publish(SYSTEM, version_id=draft.pk, now=now, starts_at=now - timedelta(days=1))
"""
PROGRAMMES = [("alone", CHANNEL, "USD", ALONE), ("together", "eu", "EUR", TOGETHER)]


@dataclass
class Chaos:
    """A running shop with its own database server, the stand-in that tells it of orders, and who disturbs them."""

    cluster: Cluster
    standin: Caller
    owner: Caller
    shop_url: str
    api_url: str
    begin_manager: Callable[[], Manager]
    processes: Processes
    children: dict[str, Child] = field(default_factory=dict)
    #: What each order was after every act, in the order of the acts on it.
    history: dict[str, list[OrderFact]] = field(default_factory=dict)
    #: Where commands are run; one whose database has crashed is not asked again.
    manager: Manager | None = None
    killed: int = 0
    crashed: int = 0

    # -- the shop ---------------------------------------------------------------------------------------
    def serve(self) -> None:
        port = self.shop_url.rpartition(":")[2]
        arguments = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--host", HOST, "--port", port]
        self.children["web"] = self.processes.start(
            "web", *arguments, "--blocking-threads", "4", "sandbox.wsgi:application"
        )

    def work(self) -> None:
        self.children["worker"] = self.processes.start(
            "worker", "-m", "sandbox.manage", "procrastinate", "worker"
        )

    def kill(self, name: str) -> None:
        """Kill a process without a word, and start it again."""
        self.processes.kill(self.children[name])
        self.killed += 1
        {"web": self.serve, "worker": self.work}[name]()

    def manage(self, *arguments: str, code: int | None = 0) -> str:
        """What a management command of the shop says."""
        self.manager = self.manager or self.begin_manager()
        done = self.manager.run(*arguments)
        assert code is None or done.returncode == code, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def end_manager(self) -> None:
        if self.manager is not None:
            self.manager.close()
            self.manager = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.cluster.url("shop")) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload]

    # -- what customers and the payment provider do -----------------------------------------------------
    def place(self, customer: str, channel: str, quantity: int) -> str:
        placed = self.standin.control(
            "orders", customer=customer, channel=channel, lines=[{"sku": "S-100", "quantity": quantity}]
        )
        self._keep(str(placed["id"]))
        return str(placed["id"])

    def report(self, order_id: str, kind: str, amount: str, reference: str) -> None:
        self.standin.control("psp", order=order_id, type=kind, amount=amount, reference=reference)
        self._keep(order_id)

    def _keep(self, order_id: str) -> None:
        found = self._ask("orders", ids=[order_id])["orders"]["edges"]
        self.history.setdefault(order_id, []).append(order_fact(self.api_url, found[0]["node"]))

    def _ask(self, operation: str, **variables: Any) -> Any:
        answer = json.loads(
            self.owner.post(document(operation).text, **variables).content, parse_float=Decimal
        )
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def customers(self) -> list[CustomerFact]:
        found = self._ask(
            "customers_page", after=None, where=None, by="CREATED_AT", counting=False, whole=True
        )["customers"]
        return [customer_fact(self.api_url, edge["node"]) for edge in found["edges"]]

    # -- chaos ------------------------------------------------------------------------------------------
    def play(self, orders: int, dice: random.Random, crashes: int = 2) -> None:
        """So many orders with refunds, eight at a time, while processes die and the database crashes twice."""
        people = [f"chaos{n}@mail.example" for n in range(max(4, orders // 8))]
        entries = [
            {"email": email, "password": PASSWORD, "firstName": "Ada", "lastName": str(n), "confirmed": True}
            for n, email in enumerate(people)
        ]
        self.standin.control("seed", customers=entries)
        self.standin.control("lose", share=0.1, duplicate=0.1, reorder=2.0, seed=dice.randrange(10**6))
        plans = [self._plan(number, people, dice) for number in range(orders)]
        with ThreadPoolExecutor(8) as pool:
            acts = [pool.submit(self._act, plan) for plan in plans]
            # Here, not on a thread of its own: processes end with the thread that started them.
            self._disturb(acts, dice, crashes)
            for act in acts:
                act.result()
        self.standin.control("lose")

    def _plan(self, number: int, people: list[str], dice: random.Random) -> tuple[Any, ...]:
        quantity = dice.randint(1, 5)
        price = 10 if number % 2 else 11
        changes: list[tuple[str, str]] = []
        for _ in range(dice.choice((0, 0, 1, 1, 2))):
            kind = dice.choice(("REFUND_SUCCESS", "CHARGE_BACK"))
            changes.append((kind, f"{dice.randint(1, price * quantity // 3)}.{dice.randint(0, 99):02}"))
        channel = CHANNEL if number % 2 else "eu"
        return number, dice.choice(people), channel, quantity, changes

    def _act(self, plan: tuple[Any, ...]) -> None:
        number, customer, channel, quantity, changes = plan
        order_id = self.place(customer, channel, quantity)
        for turn, (kind, amount) in enumerate(changes):
            self.report(order_id, kind, amount, f"chaos-{number}-{turn}")

    def _disturb(self, acts: list[Future[None]], dice: random.Random, crashes: int) -> None:
        """Kill the web server or the worker at random, and crash the database in between, until all is acted."""
        deadline = time.monotonic() + PATIENCE
        while self.crashed < crashes or self.killed < 4 or not all(act.done() for act in acts):
            assert time.monotonic() < deadline, "the chaos did not come to an end"
            time.sleep(dice.uniform(0.5, 3))
            self.kill(dice.choice(("web", "worker")))
            if self.crashed < crashes and self.killed % 2 == 0:
                self.end_manager()
                self.cluster.crash()
                self.crashed += 1
            self.revive()

    def revive(self) -> None:
        """Start again what has ended by itself, as a supervisor would."""
        for name, child in list(self.children.items()):
            if child.process.poll() is not None:
                self.kill(name)

    def settle(self) -> dict[str, int]:
        """Saleor has told all that it will; the counts."""
        self.revive()
        self.processes.wait_for(self.children["web"], f"{self.shop_url}/health/")
        deadline = time.monotonic() + PATIENCE
        while (counts := self.standin.look("deliveries"))["pending"]:
            assert time.monotonic() < deadline, counts
            time.sleep(0.2)
        return dict(counts)


@contextmanager
def chaos(folder: Path, postgres: Server) -> Iterator[Chaos]:
    """A shop connected to its stand-in; its database on a server of its own, the stand-in's on the tests' server."""
    with ExitStack() as stack:
        cluster = database.own_cluster("chaos")
        stack.callback(cluster.delete)
        cluster.start()
        migrated = {database.TEMPLATE} & cluster.databases()
        cluster.create_database("shop", *migrated)
        other = f"chaos_standin_{folder.name.replace('-', '_')}"[:60]
        postgres.create_database(other)
        stack.callback(postgres.drop_database, other)
        shop_port, saleor_port = free_ports(2)
        shop_url, saleor_url = f"http://localhost:{shop_port}", f"http://localhost:{saleor_port}"
        environment = {
            "DJANGO_SETTINGS_MODULE": "sandbox.settings",
            "DATABASE_URL": cluster.url("shop"),
            "STANDIN_DATABASE_URL": postgres.url(other),
            "STANDIN_URL": saleor_url,
            "STANDIN_INSTANT": "1",
            "STANDIN_RETRY_SCALE": "0.02",
            "SANDBOX_SHOP_URL": shop_url,
            "SANDBOX_SALEOR_URL": saleor_url,
            "SANDBOX_DATA": str(folder),
            "SECRET_KEY": "chaos",
        }
        processes = Processes(environment, folder)
        stack.callback(processes.stop)
        saleor = processes.start("stand-in", "-m", "sandbox.saleor", "--port", str(saleor_port))
        client = stack.enter_context(httpx.Client(base_url=saleor_url, timeout=60))
        anonymous = Caller(client)

        def begin_manager() -> Manager:
            return Manager(sys.executable, ROOT, {**os.environ, **environment}, folder / "manager.log")

        processes.wait_for(saleor, f"{saleor_url}/")
        goods = deepcopy(SEED)
        goods["products"][0]["variants"][0]["stock"] = (
            1_000_000  # 500 orders take more than there is ordinarily
        )
        anonymous.control("seed", **goods)
        owner = anonymous.login("owner@shop.example")
        made = Chaos(cluster, anonymous, owner, shop_url, f"{saleor_url}/graphql/", begin_manager, processes)
        stack.callback(made.end_manager)
        made.manage("migrate", "--no-input", "--verbosity", "0")
        made.serve()
        made.work()
        processes.wait_for(made.children["web"], f"{shop_url}/health/")
        wish = {
            "appName": "Membership",
            "manifestUrl": f"{shop_url}/loyalty/saleor/manifest",
            "permissions": list(PERMISSIONS),
        }
        owner.data(INSTALL, i=wish)
        deadline = time.monotonic() + PATIENCE
        while not _secured(made):
            assert time.monotonic() < deadline, "the App was not secured"
            time.sleep(0.2)
        made.manage("shell", "-c", BEGIN.format(given=json.dumps(PROGRAMMES)))
        yield made


def _secured(made: Chaos) -> bool:
    with suppress(psycopg.Error):
        return bool(made.rows("SELECT 1 FROM loyalty_plugin_installation WHERE state = 'active'"))
    return False
