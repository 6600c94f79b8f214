"""Where the story plays: the shop, its Saleor, the time and the member's view, with ways to wait; checks nothing."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
import psycopg

from sandbox.launch.steps import Context, Step
from sandbox.seed.callers import Account
from sandbox.seed.people import PASSWORD
from sandbox.seed.standin import StandIn
from sandbox.story.visitor import Visitor

ZONE = ZoneInfo("Europe/Berlin")
PATIENCE = 240
"""Seconds the worker may take for what is waiting."""

EMAIL = "meilin@example.com"
FIRST, LAST = "Mei-Lin 美琳", "Größmann"


class StoryError(RuntimeError):
    """The story can't go on; a sentence for its reader."""


def told(step: str, expected: str, got: str) -> Step:
    """A step, right if what was seen is what should be."""
    return Step(step, expected, got, expected == got)


def berlin(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of the story's year on the programme's clock."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def long_day(day: date) -> str:
    """2 September 2026."""
    return f"{day.day} {day:%B %Y}"


def points(number: int) -> str:
    return f"{number:,} point{'' if number == 1 else 's'}"


BEGINNING = berlin(3, 2, 10)


@dataclass
class Stage:
    """One run of the story. `ids`: global ids at Saleor by kind and natural key."""

    context: Context
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    app_id: str = ""
    now: datetime = BEGINNING

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.saleor = StandIn(self.context.saleor_url)
        self._open.callback(self.saleor.close)
        self._http = self._open.enter_context(httpx.Client(timeout=120))
        self._database = self._open.enter_context(psycopg.connect(self.context.database_url, autocommit=True))
        self._member = Account(f"{self.context.saleor_url}/graphql/", EMAIL, PASSWORD, self._http)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._open.close()

    # -- time ------------------------------------------------------------------------------------------
    def go_to(self, moment: datetime) -> None:
        """The shop's, the worker's and Saleor's clocks show this moment; the shop's stands still there."""
        self.now = moment
        self._database.execute(
            "INSERT INTO sandbox_clock (id, now) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET now = excluded.now",
            (moment,),
        )
        self.saleor.door("clock", {"now": moment.isoformat()})

    def night(self) -> None:
        """Everything that is due by now is done, as the hourly jobs would do it."""
        self.manage("loyalty_tick")

    def manage(self, *arguments: str) -> str:
        """A management command's output. Raises StoryError if it fails."""
        done = self.context.run_manage(arguments)
        if done.returncode:
            raise StoryError(f"{' '.join(arguments)} failed: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return done.stdout

    # -- waiting ---------------------------------------------------------------------------------------
    def settle(self) -> None:
        """Wait until Saleor has told everything and the worker has worked it off. Raises StoryError."""
        self.saleor.settle(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while waiting := self.count(
            "SELECT (SELECT count(*) FROM loyalty_plugin_inboxitem WHERE status = 'new')"
            " + (SELECT count(*) FROM loyalty_plugin_outboxitem WHERE status = 'waiting')"
        ):
            if time.monotonic() > deadline:
                raise StoryError(f"The worker left {waiting} messages undone.")
            time.sleep(0.05)

    def count(self, query: str) -> int:
        """The one number a query reads."""
        row = self._database.execute(query).fetchone()  # type: ignore[call-overload]
        assert row is not None, query
        return int(row[0])

    # -- what happens at Saleor ------------------------------------------------------------------------
    def order(self, sku: str, quantity: int = 1) -> dict[str, Any]:
        """The member buys and pays at Saleor, and the parcel leaves; nothing is waited for."""
        return self.saleor.door(
            "orders",
            {
                "customer": EMAIL,
                "lines": [{"sku": sku, "quantity": quantity}],
                "at": self.now.isoformat(),
                "fulfilled": self.now.isoformat(),
            },
        )

    # -- what the member sees at the GraphQL door ------------------------------------------------------
    def token(self) -> str:
        """The member's access token of Saleor, fresh enough. Raises SeedError."""
        return self._member.token

    def member(self, fields: str) -> dict[str, Any]:
        """Fields of the member's own membership. Raises StoryError."""
        answer = self._http.post(
            f"{self.context.shop_url}/loyalty/graphql/",
            json={"query": f"{{ loyalty {{ me {{ {fields} }} }} }}"},
            headers={"Authorization": f"Bearer {self.token()}", "Accept-Language": "en"},
        )
        body = json.loads(answer.content)
        if body.get("errors"):
            raise StoryError(f"The GraphQL door: {body['errors'][0]['message']}")
        me = body["data"]["loyalty"]["me"]
        if me is None:
            raise StoryError(f"{EMAIL} is no member.")
        return dict(me)

    def last_order(self, fields: str) -> dict[str, Any]:
        """Fields of the newest order of the member, as Saleor has it."""
        answer = self._http.post(
            f"{self.context.saleor_url}/graphql/",
            json={"query": f"{{ me {{ orders(first: 1) {{ edges {{ node {{ {fields} }} }} }} }} }}"},
            headers={"Authorization": f"Bearer {self.token()}"},
        ).json()
        if answer.get("errors"):
            raise StoryError(f"Saleor: {answer['errors'][0]['message']}")
        return dict(answer["data"]["me"]["orders"]["edges"][0]["node"])

    def standing(self) -> str:
        """ "premium: 150 points, 200 on the way"."""
        me = self.member("tier { code } points { available onTheWay }")
        on_the_way = int(me["points"]["onTheWay"])
        return f"{me['tier']['code']}: {points(int(me['points']['available']))}, {on_the_way:,} on the way"

    def available(self) -> int:
        return int(self.member("points { available }")["points"]["available"])

    def statement(self, first: int = 1) -> list[dict[str, Any]]:
        """The newest movements."""
        fields = "edges { node { kind amount orderId why { sentence more } } }"
        found = self.member(f"statement(first: {first}) {{ {fields} }}")["statement"]["edges"]
        return [edge["node"] for edge in found]

    def earned_by(self, order: dict[str, Any]) -> dict[str, Any]:
        """The movement an order brought. Raises StoryError."""
        for movement in self.statement(50):
            if movement["kind"] == "EARN" and movement["orderId"] == order["id"]:
                return movement
        raise StoryError(f"Order {order['number']} brought no points.")

    # -- people ----------------------------------------------------------------------------------------
    def staff(self, username: str) -> Visitor:
        """A person of the shop, signed in to the back office. Raises StoryError."""
        visitor = self._open.enter_context(Visitor(self.context.shop_url))
        page = visitor.open("/admin/login/").submit({"username": username, "password": PASSWORD})
        if "login" in page.path:
            raise StoryError(f"The back office does not let {username} in.")
        return visitor

    def customer(self) -> Visitor:
        """A person at the shop, not signed in yet."""
        return self._open.enter_context(Visitor(self.context.shop_url))
