"""What was spent comes back: to its own lots, last taken first, with a grace where those have ended, each part once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.intents import Award, GiveBack, TakeBack
from loyalty_plugin.domain.ledger import POINTS, Kind, bonus, principal
from loyalty_plugin.domain.spent import Spent, giving_back
from loyalty_plugin.errors import HoldEnded, HoldExceeded, KeyConflict, LotUnavailable, PermissionDenied
from loyalty_plugin.models.holds import Hold
from loyalty_plugin.models.ledger import Entry, Lot
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.queries.verifying import holds as verifying
from loyalty_plugin.services import holds
from loyalty_plugin.services.posting import post, rebuild
from tests.services.books import DAY, NOW, balance_of, give, make_members, make_plan, make_version

HOUR = timedelta(hours=1)
PRINCIPAL, BONUS = principal("EUR"), bonus("EUR")


@pytest.fixture(autouse=True)
def _no_documents_of_other_tests() -> None:
    forget_documents()


@pytest.fixture
def realm() -> Realm:
    return Realm.objects.create(api_url="https://saleor.test/graphql/")


@pytest.fixture
def member(version: ProgrammeVersion) -> Member:
    [one] = make_members(version, 1)
    return one


def spent(member: Member, realm: Realm, amounts: dict[str, int], now: datetime = NOW, key: str = "c") -> int:
    held = holds.place(
        SYSTEM,
        key=key,
        member_id=member.pk,
        realm_id=realm.pk,
        target=key,
        amounts=amounts,
        lasting=HOUR,
        now=now,
    )
    holds.capture(SYSTEM, hold_id=held.hold_id, now=now)
    return held.hold_id


def back(hold_id: int, amounts: dict[str, int], key: str = "refund", now: datetime = NOW, **more: Any) -> Any:
    actor = more.pop("actor", SYSTEM)
    return holds.give_back(actor, hold_id=hold_id, key=key, amounts=amounts, now=now, **more)


def left() -> list[tuple[int, int]]:
    return list(Lot.objects.order_by("pk").values_list("amount", "available"))


def whole(member: Member) -> bool:
    return rebuild().equal and not list(verifying.check(member.pk - 1, member.pk))


@pytest.mark.django_db
def test_it_returns_to_its_own_lots_the_last_taken_first(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 8, expires_at=NOW + DAY)
    give(version, member, 30)
    hold_id = spent(member, realm, {POINTS: 20})
    assert left() == [(8, 0), (30, 18)]
    done = back(hold_id, {POINTS: 15})
    assert (done.amounts, done.replayed) == ({POINTS: 15}, False)
    assert left() == [(8, 3), (30, 30)]
    assert back(hold_id, {POINTS: 15}).replayed
    with pytest.raises(KeyConflict):
        back(hold_id, {POINTS: 14})
    with pytest.raises(HoldExceeded):
        back(hold_id, {POINTS: 6}, key="second")
    back(hold_id, {POINTS: 5}, key="second")
    assert left() == [(8, 8), (30, 30)]
    with pytest.raises(HoldExceeded):
        back(hold_id, {POINTS: 1}, key="third")
    assert balance_of(member) == (0, 38, 0, 0, 38)
    assert Entry.objects.filter(kind=Kind.GIVE_BACK).count() == 2
    assert whole(member)


@pytest.mark.django_db
def test_money_returns_as_money_and_bonus_as_bonus(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    post([make_plan(version, member, Award(PRINCIPAL, 5000), Award(BONUS, 700))], recorded_at=NOW)
    hold_id = spent(member, realm, {PRINCIPAL: 4000, BONUS: 700})
    back(hold_id, {BONUS: 200, PRINCIPAL: 1000})
    assert (balance_of(member, PRINCIPAL)[1], balance_of(member, BONUS)[1]) == (2000, 200)
    assert whole(member)


@pytest.mark.django_db
def test_what_is_owed_is_repaid_first(version: ProgrammeVersion, member: Member, realm: Realm) -> None:
    [lot] = give(version, member, 12).lots
    hold_id = spent(member, realm, {POINTS: 12})
    post([make_plan(version, member, TakeBack(POINTS, 10, (lot.id,)), kind=Kind.REFUND)], recorded_at=NOW)
    assert balance_of(member) == (0, 0, 0, -10, 2)
    back(hold_id, {POINTS: 12})
    assert balance_of(member) == (0, 2, 0, 0, 2)
    assert whole(member)


@pytest.mark.django_db
def test_a_lot_that_ended_is_followed_by_one_grace_and_no_second(realm: Realm) -> None:
    version = make_version(document={**BASIC, "returned_days": 7})
    [member] = make_members(version, 1)
    give(version, member, 10, expires_at=NOW + DAY)
    hold_id = spent(member, realm, {POINTS: 10})
    later = NOW + 3 * DAY
    back(hold_id, {POINTS: 10}, now=later)
    first, grace = Lot.objects.order_by("pk")
    assert (first.available, grace.available, grace.origin_lot_id) == (0, 10, first.pk)
    assert grace.expires_at is not None
    assert timedelta(days=7) < grace.expires_at - later <= timedelta(days=8)
    assert balance_of(member)[4] == 10, "it is nothing new"
    again = spent(member, realm, {POINTS: 10}, now=later, key="again")
    back(again, {POINTS: 4}, now=later, key="in time")
    assert left() == [(10, 0), (10, 4)]
    back(again, {POINTS: 6}, now=later + 9 * DAY, key="too late")
    assert balance_of(member)[:4] == (0, 0, 0, 0), "the grace was given once, and what is left of it is over"
    assert whole(member)


@pytest.mark.django_db
def test_without_a_grace_it_has_expired(realm: Realm) -> None:
    version = make_version(document={**BASIC, "returned_days": 0})
    [member] = make_members(version, 1)
    give(version, member, 10, expires_at=NOW + DAY)
    hold_id = spent(member, realm, {POINTS: 10})
    back(hold_id, {POINTS: 10}, now=NOW + 3 * DAY)
    assert balance_of(member) == (0, 0, 0, 0, 10)
    assert whole(member)


@pytest.mark.django_db
def test_points_that_end_by_inactivity_come_back_for_the_grace(realm: Realm) -> None:
    version = make_version(
        document={**BASIC, "returned_days": 7, "expiry": {"kind": "inactivity", "months": 1}}
    )
    [member] = make_members(version, 1)
    post([make_plan(version, member, Award(POINTS, 30), active_until=NOW + DAY)], recorded_at=NOW)
    hold_id = spent(member, realm, {POINTS: 30})
    back(hold_id, {POINTS: 30}, now=NOW + 90 * DAY)
    assert balance_of(member)[1] == 30
    assert whole(member)


@pytest.mark.django_db
def test_only_what_was_captured_comes_back_and_only_by_the_system(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    held = holds.place(
        SYSTEM,
        key="o",
        member_id=member.pk,
        realm_id=realm.pk,
        target="o",
        amounts={POINTS: 5},
        lasting=HOUR,
        now=NOW,
    )
    with pytest.raises(HoldEnded):
        back(held.hold_id, {POINTS: 1})
    hold_id = spent(member, realm, {POINTS: 5})
    with pytest.raises(PermissionDenied):
        back(hold_id, {POINTS: 1}, actor=Actor(ActorKind.MEMBER, "m", member_id=member.pk))


@pytest.mark.django_db
def test_the_ledger_takes_no_more_into_a_lot_than_came_out_of_it(
    version: ProgrammeVersion, member: Member
) -> None:
    [lot] = give(version, member, 10).lots
    [other] = make_members(version, 1)
    plan = make_plan(version, member, GiveBack(POINTS, ((lot.id, 1),)), kind=Kind.GIVE_BACK)
    with pytest.raises(IntegrityError, match="lp_lot_never_fuller"), transaction.atomic():
        post([plan], recorded_at=NOW)
    with pytest.raises(LotUnavailable):
        post([make_plan(version, other, GiveBack(POINTS, ((lot.id, 1),)))], recorded_at=NOW)


@pytest.mark.django_db
def test_a_hold_that_gave_back_what_the_ledger_does_not_know_is_found(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    hold_id = spent(member, realm, {POINTS: 20})
    back(hold_id, {POINTS: 5})
    Hold.objects.get(pk=hold_id).portions.update(returned=6)
    assert [one.code for one in verifying.check(member.pk - 1, member.pk)] == ["hold_not_posted"]


BASIC: dict[str, Any] = {"tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}]}
portions = st.lists(
    st.builds(
        Spent,
        st.sampled_from([POINTS, PRINCIPAL]),
        st.integers(1, 9),
        st.integers(1, 99),
        st.sampled_from([None, NOW - HOUR, NOW, NOW + HOUR]),
        st.booleans(),
    ),
    max_size=6,
)


@given(portions, st.sampled_from([None, NOW + DAY]))
def test_every_unit_goes_somewhere_and_none_twice(rows: list[Spent], until: datetime | None) -> None:
    intents = giving_back(rows, until=until, now=NOW)
    for unit in (POINTS, PRINCIPAL):
        mine = [one for one in intents if one.unit == unit]
        living = sum(n for one in mine if isinstance(one, GiveBack) for _, n in one.portions)
        lapsed = sum(one.lapsed for one in mine if isinstance(one, GiveBack))
        graced = sum(one.amount for one in mine if isinstance(one, Award))
        over = [
            row for row in rows if row.unit == unit and row.expires_at is not None and row.expires_at <= NOW
        ]
        assert living + lapsed + graced == sum(row.amount for row in rows if row.unit == unit)
        assert lapsed + graced == sum(row.amount for row in over)
        assert graced == (0 if until is None else sum(row.amount for row in over if not row.grace))
