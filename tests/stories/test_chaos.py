"""Nothing is lost: events lost, doubled and out of order, processes killed, the database crashed twice; then compared."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import programmes, resolution
from loyalty_plugin.services.customers import keep_customers
from loyalty_plugin.services.orders.apply import apply_orders
from sandbox.postgres import Server
from tests.saleor.standinkit import CHANNEL
from tests.scale import scaled
from tests.stories.chaos import BOOKED, BUDGET, DAILY, PROGRAMMES, Chaos, chaos

ORDERS = scaled(40, 500)


def play_undisturbed(made: Chaos) -> dict[tuple[Any, ...], int]:
    """The same orders in this process, each act applied as it happened; what the ledger holds then."""
    forget_documents()
    resolution.forget()
    now = datetime.now(UTC)
    realm = Realm.objects.create(api_url=made.api_url, connected_at=now - timedelta(hours=12))
    for code, channel, currency, terms in PROGRAMMES:
        draft = programmes.create_programme(
            SYSTEM, code=code, name=code, currency=currency, timezone="Europe/Berlin", document=terms, now=now
        )
        programmes.serve_channels(
            SYSTEM, programme_id=draft.programme_id, realm_id=realm.pk, slugs=[channel], now=now
        )
        programmes.publish(SYSTEM, version_id=draft.pk, now=now, starts_at=now - timedelta(days=1))
    keep_customers(realm, made.customers(), now=now)
    facts = sorted(
        (fact for some in made.history.values() for fact in some), key=lambda fact: fact.updated_at
    )
    for fact in facts:
        apply_orders([fact], now=now)
    with connection.cursor() as cursor:
        cursor.execute(BOOKED)
        return {row[:-1]: int(row[-1]) for row in cursor.fetchall()}


@pytest.mark.usefixtures("fresh_db")
def test_the_books_are_those_of_an_undisturbed_shop(tmp_path: Path, postgres: Server) -> None:
    seed = random.randrange(10**6)
    print(f"chaos with seed {seed}")
    with chaos(tmp_path, postgres) as made:
        made.play(ORDERS, random.Random(seed))
        counts = made.settle()
        assert counts["lost"] > 0
        assert (made.crashed, made.killed >= 3) == (2, True)
        [report] = json.loads(made.manage("loyalty_reconcile", "--full", "--json"))
        assert (report["differing"], report["differences"]) == (0, [])
        [again] = json.loads(made.manage("loyalty_reconcile", "--full", "--json"))
        assert (again["healed"], again["differing"]) == (0, 0)

        held = {row[:-1]: int(row[-1]) for row in made.rows(BOOKED)}
        undisturbed = play_undisturbed(made)
        plain = {ref for ref, some in ((f"{f.realm}|{f.order_id}", f) for s in made.history.values() for f in s[:1])
                 if some.channel == CHANNEL}  # fmt: skip
        alone = [{key: n for key, n in books.items() if key[0] in plain} for books in (held, undisturbed)]
        assert alone[0] == alone[1]
        assert len(alone[0]) > ORDERS // 4

        for used, budget in made.rows("SELECT used, budget FROM loyalty_plugin_campaignbudget"):
            assert used <= budget == BUDGET
        most = made.rows(
            "SELECT coalesce(max(n), 0) FROM (SELECT sum((e.explanation->>'total')::int) AS n"
            "  FROM loyalty_plugin_entry e JOIN loyalty_plugin_programme p ON p.id = e.programme_id"
            " WHERE p.code = 'together' AND e.kind = 'earn'"
            " GROUP BY e.member_id, (e.occurred_at AT TIME ZONE 'Europe/Berlin')::date) AS days"
        )
        assert most[0][0] <= DAILY
        wrong = _without_reason(made, held, undisturbed, plain)
        assert wrong == []
        assert Member.objects.count() == made.rows("SELECT count(*) FROM loyalty_plugin_member")[0][0]
        made.manage("loyalty_verify")


def _without_reason(made: Chaos, held: Any, undisturbed: Any, plain: set[str]) -> list[str]:
    """Orders that look at others and came out otherwise, although their explanations tell no other tier, cap or campaign."""
    query = "SELECT order_ref, explanation FROM loyalty_plugin_entry WHERE kind = 'earn'"
    ours = dict(made.rows(query))
    with connection.cursor() as cursor:
        cursor.execute(query)
        theirs = {ref: json.loads(why) if isinstance(why, str) else why for ref, why in cursor.fetchall()}
    wrong = []
    for ref in sorted({key[0] for key in {**held, **undisturbed}} - plain):
        books = [{key: n for key, n in some.items() if key[0] == ref} for some in (held, undisturbed)]
        if books[0] == books[1]:
            continue
        told = [
            (why.get("tier"), why.get("caps"), why.get("campaigns"))
            for why in (ours.get(ref, {}), theirs.get(ref, {}))
        ]
        print(
            f"{ref}: {sum(books[0].values())} instead of {sum(books[1].values())}, since {told[0]} instead of {told[1]}"
        )
        if told[0] == told[1]:
            wrong.append(ref)
    return wrong
