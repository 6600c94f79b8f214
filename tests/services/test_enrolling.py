"""Many customers made members at once: the same rows as one by one, the same refusals, nothing awarded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import ClaimedBenefit, Member, TierEvent
from loyalty_plugin.services import claims, members
from loyalty_plugin.services.customers import keep_customers
from loyalty_plugin.services.enrolling import enrol
from tests.factories import NOW, member, programme, realm
from tests.services.historykit import customer

pytestmark = pytest.mark.django_db
BEFORE = NOW - timedelta(days=50)


def rows(of: Member) -> list[Any]:
    """Everything a membership consists of, without what is its own by nature."""
    leave = {"id", "public_id", "number", "email", "external_id", "name"}
    fields = {f.attname for f in Member._meta.concrete_fields} - leave
    events = TierEvent.objects.filter(member=of).values_list("day", "kind", "tier", "reason", "recorded_at")
    trail = AuditRecord.objects.filter(target=f"member:{of.pk}")
    return [
        {name: getattr(of, name) for name in sorted(fields)},
        list(events),
        sorted(Balance.objects.filter(member=of).values_list("unit", "available", "pending", "owed")),
        list(trail.values_list("actor", "via", "operation", "outcome", "detail", "at")),
        Entry.objects.filter(member=of).count(),
    ]


@pytest.mark.parametrize("confirmed", [True, False])
def test_the_rows_are_those_of_joining_alone(confirmed: bool) -> None:
    club = programme(starts_at=NOW)
    first, second = (customer(n, joined_at=BEFORE, confirmed=confirmed) for n in (1, 2))
    alone = members.join(
        SYSTEM,
        programme_id=club.pk,
        person=members.Person(
            first.name,
            first.email,
            language=first.language,
            external_id=first.user_id,
            as_of=first.updated_at,
        ),
        now=NOW,
        realm_id=realm().pk,
        verified=confirmed,
        joined_at=BEFORE,
        welcome=False,
    )
    alone.refresh_from_db()
    assert enrol(club, realm(), [second], now=NOW) == {second.user_id: "joined"}
    assert rows(Member.objects.get(external_id=second.user_id)) == rows(alone)


def test_an_older_reading_does_not_undo_the_one_they_joined_by() -> None:
    club = programme(starts_at=NOW)
    club.auto_join = True
    club.save()
    newest = customer(1, joined_at=BEFORE, updated_at=BEFORE + timedelta(days=2), name="Ada L.")
    assert enrol(club, realm(), [newest], now=NOW) == {newest.user_id: "joined"}
    older = customer(1, joined_at=BEFORE, updated_at=BEFORE + timedelta(days=1), name="Ada")
    keep_customers(realm(), [older], now=NOW)
    assert Member.objects.get(external_id=newest.user_id).name == "Ada L."


def test_who_may_not_join_alone_may_not_join_with_many() -> None:
    club = programme(starts_at=NOW)
    other = member(club)
    erased = customer(3)
    ClaimedBenefit.objects.create(
        programme=club,
        contact=claims.customer_digest(club.pk, realm().pk, erased.user_id),
        benefit=claims.ERASED,
        claimed_at=NOW,
    )
    some = [
        customer(1, email="Same@Mail.example"),
        customer(2, email="same@mail.example"),
        erased,
        customer(4, email=other.email.upper()),
        customer(5, email=""),
        customer(6, email=""),
    ]
    assert enrol(club, realm(), some, now=NOW) == {
        "User:c1": "joined",
        "User:c2": "already_member",
        "User:c3": "membership_erased",
        "User:c4": "already_member",
        "User:c5": "joined",
        "User:c6": "joined",
    }


def test_a_debt_of_an_erased_membership_is_carried_over() -> None:
    club = programme()
    owing = customer(1)
    ClaimedBenefit.objects.create(
        programme=club,
        contact=claims.digest_of(club.pk, owing.email),
        benefit=claims.DEBT,
        claimed_at=NOW,
        owed=-70,
    )
    enrol(club, realm(), [owing, customer(2)], now=NOW)
    assert Balance.objects.get(member__external_id=owing.user_id, unit="points").owed == -70


def test_somebody_quicker_leaves_it_to_joining_one_by_one() -> None:
    club = programme()
    account = customer(1)
    member(club, external_id=account.user_id, email="else@shop.example")
    assert enrol(club, realm(), [account, customer(2)], now=NOW) == {}
    assert not Member.objects.filter(external_id="User:c2").exists()


def test_a_hundred_take_no_more_queries_than_ten() -> None:
    club = programme()
    counts = []
    for some in (range(10), range(10, 110)):
        with CaptureQueriesContext(
            connection,
        ) as watched:
            enrol(club, realm(), [customer(n) for n in some], now=NOW)
        counts.append(len(watched))
    assert counts[1] <= counts[0] <= 16
