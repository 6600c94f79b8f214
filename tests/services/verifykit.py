"""A ledger with one of everything in it, and how its owner could damage it; for the tests of its proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from loyalty_plugin.domain.intents import Award, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Kind
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry, holds, sealing
from loyalty_plugin.services.posting import post
from tests.services.books import (
    DAY,
    NOW,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
    spend,
    wait_until_sealable,
)

API = "https://saleor.test/graphql/"
MEMBER = "(SELECT min(id) FROM loyalty_plugin_member)"
EARN = "(SELECT min(id) FROM loyalty_plugin_entry WHERE kind = 'earn')"
LOT = "(SELECT min(id) FROM loyalty_plugin_lot)"
LAST = "(SELECT max(id) FROM loyalty_plugin_entry)"


@pytest.fixture(autouse=True)
def ledger(fresh_db: None) -> Iterator[None]:
    """Orders earned, refunded, approved, spent, held, expired and brought back; sealed but for the last."""
    forget_documents()
    version = make_version(max_award=1000)
    one, two, three = make_members(version, 3)
    realm = Realm.objects.create(api_url=API)
    for number, member in enumerate((one, two), 1):
        OrderRecord.objects.create(
            realm=realm,
            order_id=f"T3JkZXI6{number}",
            programme=version.programme,
            member=member,
            created_at=NOW,
        )
        ref = f"{API}|T3JkZXI6{number}"
        earn = make_plan(
            version,
            member,
            Award(POINTS, 120, matures_at=NOW, expires_at=NOW + 30 * DAY),
            Award(QUALIFYING, 100),
            kind=Kind.EARN,
            order_ref=ref,
            source=f"order:{ref}",
            active_until=NOW + 90 * DAY,
            explanation={"total": 120},
        )
        [posted] = post([earn], recorded_at=NOW)
        refund = make_plan(
            version,
            member,
            TakeBack(POINTS, 20, (posted.lots[0].id,)),
            kind=Kind.REFUND,
            order_ref=ref,
            source=f"order:{ref}",
            reverses_id=posted.entry_id,
            explanation={"refund": {"stood": 120, "stands": 100}},
        )
        post([refund], recorded_at=NOW)
    expiry.mature(now=NOW)
    asking, deciding = Person.objects.create(name="a"), Person.objects.create(name="b")
    asked = Request.objects.create(
        programme=version.programme,
        member=three,
        operation="points.adjust",
        amount=5000,
        key="k",
        status="approved",
        requested_by=asking,
        decided_by=deciding,
        decided_at=NOW,
        created_at=NOW,
        expires_at=NOW + DAY,
    )
    approved = make_plan(
        version,
        three,
        Award(POINTS, 5000, source=Account.ADJUSTMENT),
        kind=Kind.ADJUST,
        source=f"request:{asked.pk}",
        explanation={"adjustment": {"amount": 5000}},
    )
    post([approved, spend(version, three, 300)], recorded_at=NOW)
    from loyalty_plugin.domain.actors import SYSTEM

    holds.place(
        SYSTEM,
        key="checkout",
        member_id=one.pk,
        realm_id=realm.pk,
        target="Q2hlY2tvdXQ6MQ==",
        amounts={POINTS: 10},
        lasting=DAY,
        now=NOW,
    )
    give(version, three, 7, expires_at=NOW)
    expiry.expire(now=NOW)
    [(lot,)] = rows("SELECT max(id) FROM loyalty_plugin_lot")
    expiry.bring_back(SYSTEM, lot_ids=[lot], life_days=5, now=NOW)
    wait_until_sealable()
    sealing.seal(now=NOW, size=4)
    give(version, two, 1)
    yield
    forget_documents()


def damage(*statements: str) -> None:
    """As the table's owner could: with all triggers asleep."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount != 0, statement
