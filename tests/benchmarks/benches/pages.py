"""A member's balance and statement, as the back office and the member's own app ask for them: many members, few, none.

Both pages are asked for through Django's whole stack, and so are the empty ones they are held against: a page of
the back office with nothing on it, and a question to the GraphQL door that says who asks and no more. One member
in fifty has twenty orders, and only these are looked at; the others have two.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path

from loyalty_plugin import registry
from loyalty_plugin.admin.access import Page
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.staff import Person, RoleScope
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.saleor import connections as saleor
from loyalty_plugin.saleor import jwks
from loyalty_plugin.services import roles
from loyalty_plugin.services.orders.apply import apply_orders
from tests import factories, urls
from tests.benchmarks.measures import Measure, median, rounds, spread
from tests.benchmarks.members import make_rows, multiply
from tests.benchmarks.world import World, connect
from tests.saleor.roomkit import KEY, install

PATTERNS = 50
FEW = 1_000
#: Pages asked for in one round; the middle of their times is its figure.
ASKED = 60
QUERY = """{ loyalty { me {
  number tier { name } points { available onTheWay reserved owed earned } nextExpiry { points lastDay }
  statement { edges { node { id kind occurredAt orderId amount available balance why { sentence } } } }
} } }"""
NOTHING = "{ loyalty { me { number } } }"


class Empty(Page):
    """A page of the back office with nothing on it."""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/base.html"
    page_title = "Empty"


urlpatterns = [path("admin/empty/", Empty.as_view()), *urls.urlpatterns]


class Noon:
    """A clock that stands still."""

    def now(self) -> Any:
        return factories.NOW


def histories(members: int) -> None:
    """Members with a ledger, made by the services for the first ones and copied by rows for all others."""
    install(api_url=factories.REALM)
    programme = factories.programme()
    for number in range(1, PATTERNS + 1):
        of = factories.member(programme, external_id=_account(number))
        assert of.pk == number
        orders = 20 if number == PATTERNS else 2
        days = [factories.NOW - timedelta(days=9 * back) for back in range(orders, 0, -1)]
        apply_orders([factories.order(of, at=day) for day in days], now=factories.NOW)
    multiply(members, patterns=PATTERNS)
    for script in ("histories.sql", "ledgers.sql"):
        make_rows(script, count=members, patterns=PATTERNS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    for number in _looked_at(members):
        Member.objects.filter(pk=number).update(external_id=_account(number))
    roles.create_roles()
    user = get_user_model().objects.create_user("manager")
    user.groups.add(Group.objects.get(name=f"{roles.PREFIX}manager"))
    RoleScope.objects.create(person=Person.objects.create(name="Manager", user=user), role="manager")


def _looked_at(members: int) -> range:
    """At most a hundred or so of those with many orders, spread over all members."""
    return range(PATTERNS, members + 1, max(members // 100 // PATTERNS, 1) * PATTERNS)


def _account(number: int) -> str:
    return base64.b64encode(f"User:{number}".encode()).decode()


class Visit:
    """Somebody who asks for pages about members spread over all there are."""

    def __init__(self, url: str, members: int) -> None:
        self.url = url
        self.ids = _looked_at(members)
        self.office = Client()
        self.office.force_login(get_user_model().objects.get())
        self.tokens: dict[int, str] = {}

    def page(self, number: int) -> None:
        """The member's page in the back office."""
        self._get(f"/admin/membership/members/{number}/", b"Statement")

    def empty_page(self, number: int) -> None:
        """A page with nothing on it."""
        self._get("/admin/empty/", b"Empty")

    def statement(self, number: int) -> None:
        """The member's own view."""
        assert self._ask(number, QUERY).count(b"sentence") == 20

    def nothing(self, number: int) -> None:
        """The least a member can ask."""
        self._ask(number, NOTHING)

    def _get(self, address: str, word: bytes) -> None:
        answer = self.office.get(address)
        assert answer.status_code == 200, answer
        assert word in answer.content

    def _ask(self, number: int, query: str) -> bytes:
        answer = Client().post(
            "/loyalty/graphql/",
            {"query": query},
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.tokens[number]}"},
        )
        assert b"errors" not in answer.content, answer.content
        return answer.content

    def connect(self) -> None:
        """Let Django use this visit's database, and sign in."""
        connections.close_all()
        connect(self.url)
        # Tokens live for minutes, a million members take longer to make.
        self.tokens = {
            number: KEY.token(iss=factories.REALM, user_id=_account(number)) for number in self.ids
        }

    def middle(self, ask: Callable[[int], None]) -> float:
        """Milliseconds of the page in the middle of so many."""
        self.connect()
        ask(self.ids[0])
        took = []
        for number in random.choices(self.ids, k=ASKED):
            began = time.perf_counter()
            ask(number)
            took.append(1000 * (time.perf_counter() - began))
        return median(took)

    def queries(self, ask: Callable[[int], None]) -> int:
        """How many queries one page takes when all that is remembered is remembered."""
        self.connect()
        ask(self.ids[0])
        with CaptureQueriesContext(connection) as caught:
            ask(self.ids[0])
        return len(caught)


KINDS = {"back office": ("page", "empty_page"), "member's own": ("statement", "nothing")}


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    many = world.size(10_000, 1_000_000)
    settings = {"ROOT_URLCONF": __name__, "LOYALTY": {"SALEOR_API_URLS": (factories.REALM,)}}
    times: dict[str, list[list[float]]] = {}
    counts: dict[str, list[int]] = {}
    with ExitStack() as stack:
        stack.enter_context(override_settings(**settings))
        stack.enter_context(patch.object(registry.ports, "_clock", Noon()))
        visits = []
        for members in (FEW, many):
            url = stack.enter_context(world.database(f"bench_pages_{members}"))
            histories(members)
            visits.append(Visit(url, members))
        # What a process remembers of versions and keys is the same in both.
        for forget in (forget_documents, saleor.forget, jwks.forget):
            forget()
        for kind, pages in KINDS.items():
            asks = [(visit, getattr(visit, page)) for visit in visits for page in pages]
            times[kind] = rounds(world.size(3, 7), *[partial(visit.middle, ask) for visit, ask in asks])
            counts[kind] = [visit.queries(ask) for visit, ask in (asks[0], asks[2])]
    for kind in KINDS:
        few, _, here, empty = times[kind]
        what = f"balance and statement, {kind}"
        yield Measure(
            "pages",
            f"{what}, {many:,} members, p50",
            median(here),
            "ms",
            median(few),
            f"{FEW:,} members",
            1.3,
            "at most",
            spread(here, few),
        )
        yield Measure(
            "pages",
            f"{what}, queries",
            counts[kind][1],
            "queries",
            counts[kind][0],
            f"{FEW:,} members",
            1,
            "at most",
        )
        yield Measure(
            "pages",
            f"{what}, {many:,} members, p50",
            median(here),
            "ms",
            median(empty),
            "an empty one of its kind",
            3,
            "at most",
            spread(here, empty),
        )
