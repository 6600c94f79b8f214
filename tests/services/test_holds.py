"""Holds: placed, renewed, captured, released, each once; what they do to what is over, owed, frozen or stopped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.intents import Award, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind, bonus, principal
from loyalty_plugin.errors import (
    HoldEnded,
    HoldExceeded,
    InsufficientPoints,
    InvalidAmount,
    InvalidInput,
    KeyConflict,
    MemberFrozen,
    NotFound,
    PermissionDenied,
    SpendingHeld,
    ValueInUse,
)
from loyalty_plugin.models.holds import Hold
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.balances import points_of
from loyalty_plugin.queries.holds import overdue
from loyalty_plugin.queries.programmes import forget_documents, versions_of
from loyalty_plugin.queries.verifying import holds as verifying
from loyalty_plugin.services import erasure, expiry, holds
from loyalty_plugin.services.holds import Held
from loyalty_plugin.services.posting import post, rebuild
from tests.services.books import DAY, NOW, balance_of, give, make_members, make_plan, make_version, spend

pytestmark = pytest.mark.django_db
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


def place(member: Member, realm: Realm, amount: int = 10, **fields: Any) -> Held:
    asked: dict[str, Any] = {
        "key": "checkout",
        "target": "Q2hlY2tvdXQ6MQ==",
        "amounts": {POINTS: amount},
        "lasting": HOUR,
        "now": NOW,
        **fields,
    }
    actor = asked.pop("actor", SYSTEM)
    return holds.place(actor, member_id=member.pk, realm_id=realm.pk, **asked)


def whole(member: Member) -> bool:
    return rebuild().equal and not list(verifying.check(member.pk - 1, member.pk))


def test_what_ends_soonest_is_held_and_used_and_the_rest_goes_back(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    give(version, member, 8, expires_at=NOW + DAY)
    held = place(member, realm, 20)
    assert (held.state, held.amounts, held.until, held.replayed) == ("open", {POINTS: 20}, NOW + HOUR, False)
    assert balance_of(member) == (0, 18, 20, 0, 38)
    assert list(Hold.objects.get().portions.order_by("position").values_list("amount", flat=True)) == [8, 12]
    assert whole(member)
    done = holds.capture(SYSTEM, hold_id=held.hold_id, amounts={POINTS: 11}, now=NOW)
    assert (done.state, done.captured) == ("captured", {POINTS: 11})
    assert balance_of(member) == (0, 27, 0, 0, 38)
    assert list(Hold.objects.get().portions.order_by("position").values_list("captured", flat=True)) == [8, 3]
    assert list(Entry.objects.order_by("-pk").values_list("kind", flat=True)[:2]) == ["capture", "hold"]
    assert whole(member)


def test_principal_and_bonus_are_held_together_or_not_at_all(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    post([make_plan(version, member, Award(PRINCIPAL, 5000), Award(BONUS, 700))], recorded_at=NOW)
    with pytest.raises(InsufficientPoints):
        place(member, realm, amounts={PRINCIPAL: 4000, BONUS: 701})
    assert not Hold.objects.exists()
    held = place(member, realm, amounts={PRINCIPAL: 4000, BONUS: 700})
    assert (balance_of(member, PRINCIPAL)[1:3], balance_of(member, BONUS)[1:3]) == ((1000, 4000), (0, 700))
    # A unit that is not named goes back.
    holds.capture(SYSTEM, hold_id=held.hold_id, amounts={PRINCIPAL: 3000}, now=NOW)
    assert (balance_of(member, PRINCIPAL)[1:3], balance_of(member, BONUS)[1:3]) == ((2000, 0), (700, 0))
    assert whole(member)


def test_the_same_request_gives_the_same_answer_at_every_step(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    first = place(member, realm)
    again = place(member, realm, now=NOW + HOUR / 2)
    assert (again.hold_id, again.until, again.replayed) == (first.hold_id, first.until, True)
    for other in ({"amounts": {POINTS: 11}}, {"target": "another"}, {"lasting": 2 * HOUR}):
        with pytest.raises(KeyConflict):
            place(member, realm, **other)  # type: ignore[arg-type]
    longer = holds.renew(SYSTEM, hold_id=first.hold_id, until=NOW + 2 * HOUR, now=NOW)
    assert (longer.until, longer.replayed) == (NOW + 2 * HOUR, False)
    assert holds.renew(SYSTEM, hold_id=first.hold_id, until=NOW + 2 * HOUR, now=NOW + HOUR).replayed
    asked: dict[str, Any] = {"hold_id": first.hold_id, "amounts": {POINTS: 4}, "now": NOW}
    assert not holds.capture(SYSTEM, **asked).replayed
    entries = Entry.objects.count()
    done = holds.capture(SYSTEM, **asked)
    assert (done.replayed, done.captured) == (True, {POINTS: 4})
    with pytest.raises(KeyConflict):
        holds.capture(SYSTEM, **{**asked, "amounts": {POINTS: 5}})
    with pytest.raises(HoldEnded):
        holds.release(SYSTEM, hold_id=first.hold_id, reason="cancelled", now=NOW)
    with pytest.raises(HoldEnded):
        holds.renew(SYSTEM, hold_id=first.hold_id, until=NOW + 3 * HOUR, now=NOW)
    # Also the first steps, whatever has become of it.
    assert holds.renew(SYSTEM, hold_id=first.hold_id, until=NOW + 2 * HOUR, now=NOW).state == "captured"
    assert place(member, realm).state == "captured"
    released = place(member, realm, key="second")
    holds.release(SYSTEM, hold_id=released.hold_id, reason="cancelled", now=NOW)
    assert holds.release(SYSTEM, hold_id=released.hold_id, reason="out_of_time", now=NOW).replayed
    assert Hold.objects.get(pk=released.hold_id).reason == "cancelled"
    with pytest.raises(HoldEnded):
        holds.capture(SYSTEM, hold_id=released.hold_id, now=NOW)
    assert Entry.objects.count() == entries + 2
    assert whole(member)


def test_a_key_belongs_to_one_member(version: ProgrammeVersion, member: Member, realm: Realm) -> None:
    [other] = make_members(version, 1)
    for one in (member, other):
        give(version, one, 30)
    place(member, realm)
    with pytest.raises(KeyConflict):
        place(other, realm)


@pytest.mark.parametrize("unit", [QUALIFYING, "points.none"])
def test_only_what_can_be_spent_is_held(
    version: ProgrammeVersion, member: Member, realm: Realm, unit: str
) -> None:
    post([make_plan(version, member, Award(QUALIFYING, 50))], recorded_at=NOW)
    with pytest.raises(InvalidInput if unit == QUALIFYING else InsufficientPoints):
        place(member, realm, amounts={unit: 1})


def test_more_than_is_held_is_never_captured(version: ProgrammeVersion, member: Member, realm: Realm) -> None:
    give(version, member, 30)
    held = place(member, realm)
    for amounts, refusal in (
        ({POINTS: 11}, HoldExceeded),
        ({BONUS: 1}, HoldExceeded),
        ({POINTS: 0}, InvalidAmount),
    ):
        with pytest.raises(refusal):
            holds.capture(SYSTEM, hold_id=held.hold_id, amounts=amounts, now=NOW)
    with pytest.raises(NotFound):
        holds.capture(SYSTEM, hold_id=held.hold_id + 999, now=NOW)
    assert balance_of(member) == (0, 20, 10, 0, 30)


def test_what_is_over_is_not_held_and_what_has_matured_is(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30, expires_at=NOW)
    give(version, member, 20, matures_at=NOW)
    with pytest.raises(InsufficientPoints):
        place(member, realm, 21)
    assert balance_of(member) == (20, 30, 0, 0, 50), "a refused hold leaves everything to the night"
    place(member, realm, 20)
    assert balance_of(member) == (0, 0, 20, 0, 50)
    assert whole(member)


def test_points_that_end_by_inactivity_are_over_before_the_night_has_run(realm: Realm) -> None:
    version = make_version(
        document={
            "tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}],
            "expiry": {"kind": "inactivity", "months": 12},
        }
    )
    [member] = make_members(version, 1)
    ends = NOW + HOUR / 2
    post([make_plan(version, member, Award(POINTS, 30), active_until=ends)], recorded_at=NOW)
    held = place(member, realm)
    assert held.until == ends
    assert holds.renew(SYSTEM, hold_id=held.hold_id, until=NOW + HOUR, now=NOW).until == ends
    with pytest.raises(InsufficientPoints):
        place(member, realm, 1, key="later", now=ends)
    holds.release(SYSTEM, hold_id=held.hold_id, reason="cancelled", now=ends)
    assert balance_of(member) == (0, 0, 0, 0, 30)
    assert whole(member)


def test_no_hold_is_renewed_past_the_end_of_what_it_holds(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30, expires_at=NOW + 2 * HOUR)
    held = place(member, realm)
    assert holds.renew(SYSTEM, hold_id=held.hold_id, until=NOW + 9 * HOUR, now=NOW).until == NOW + 2 * HOUR
    assert holds.renew(SYSTEM, hold_id=held.hold_id, until=NOW + 9 * HOUR, now=NOW + HOUR).replayed
    with pytest.raises(HoldEnded):
        holds.renew(SYSTEM, hold_id=held.hold_id, until=NOW + 9 * HOUR, now=NOW + 2 * HOUR)
    with pytest.raises(InvalidInput):
        place(member, realm, key="shelf", lasting=2 * DAY)
    # What is released after its lot's last day is over at once.
    expiry.expire(now=NOW + 3 * HOUR)
    assert balance_of(member) == (0, 0, 10, 0, 30)
    holds.release(SYSTEM, hold_id=held.hold_id, reason="cancelled", now=NOW + 3 * HOUR)
    assert balance_of(member) == (0, 0, 0, 0, 30)
    assert whole(member)


@pytest.mark.parametrize("used", [10, 4, 0])
def test_a_refund_does_not_reach_into_a_hold_and_what_is_released_repays_it(
    version: ProgrammeVersion, member: Member, realm: Realm, used: int
) -> None:
    [lot] = give(version, member, 12).lots
    held = place(member, realm)
    post([make_plan(version, member, TakeBack(POINTS, 12, (lot.id,)), kind=Kind.REFUND)], recorded_at=NOW)
    assert balance_of(member) == (0, 0, 10, -10, 0)
    if used:
        holds.capture(SYSTEM, hold_id=held.hold_id, amounts={POINTS: used}, now=NOW)
    else:
        holds.release(SYSTEM, hold_id=held.hold_id, reason="cancelled", now=NOW)
    assert balance_of(member) == (0, 0, 0, -used, 0)
    assert whole(member)


def test_who_may_do_what(version: ProgrammeVersion, member: Member, realm: Realm) -> None:
    give(version, member, 30)
    self_ = Actor(ActorKind.MEMBER, "m", member_id=member.pk)
    stranger = Actor(ActorKind.MEMBER, "s", member_id=member.pk + 1)
    staff = Actor(ActorKind.STAFF, "c", permissions=frozenset({"adjust_points"}))
    for nobody in (stranger, staff):
        with pytest.raises(PermissionDenied):
            place(member, realm, actor=nobody)
    held = place(member, realm, actor=self_)
    holds.renew(self_, hold_id=held.hold_id, until=NOW + 2 * HOUR, now=NOW)
    for nobody in (stranger, staff):
        with pytest.raises(PermissionDenied):
            holds.renew(nobody, hold_id=held.hold_id, until=NOW + 3 * HOUR, now=NOW)
        with pytest.raises(PermissionDenied):
            holds.release(nobody, hold_id=held.hold_id, reason="removed", now=NOW)
    with pytest.raises(PermissionDenied):
        holds.capture(self_, hold_id=held.hold_id, now=NOW)
    assert holds.release(self_, hold_id=held.hold_id, reason="removed", now=NOW).state == "released"


def test_a_frozen_member_reserves_nothing_more_but_an_order_that_exists_is_paid(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    one, two = place(member, realm), place(member, realm, key="two")
    Member.objects.filter(pk=member.pk).update(status=Member.Status.FROZEN)
    with pytest.raises(MemberFrozen):
        place(member, realm, key="three")
    with pytest.raises(MemberFrozen):
        holds.renew(SYSTEM, hold_id=one.hold_id, until=NOW + 2 * HOUR, now=NOW)
    holds.capture(SYSTEM, hold_id=one.hold_id, now=NOW)
    holds.release(SYSTEM, hold_id=two.hold_id, reason="cancelled", now=NOW)
    assert balance_of(member) == (0, 20, 0, 0, 30)


def test_nobody_is_erased_while_a_hold_is_open(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    held = place(member, realm)
    with pytest.raises(ValueInUse):
        erasure.erase(SYSTEM, member_id=member.pk, reason="asked", now=NOW)
    holds.capture(SYSTEM, hold_id=held.hold_id, now=NOW)
    erasure.erase(SYSTEM, member_id=member.pk, reason="asked", now=NOW)
    assert holds.capture(SYSTEM, hold_id=held.hold_id, now=NOW).replayed
    assert whole(member)


def test_nothing_moves_while_a_restored_dump_is_not_reconciled(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    held = place(member, realm)
    Realm.objects.filter(pk=realm.pk).update(held="restored_there", held_since=NOW)
    later = NOW + DAY
    for act in (
        lambda: place(member, realm, key="two"),
        lambda: holds.renew(SYSTEM, hold_id=held.hold_id, until=NOW + 2 * HOUR, now=NOW),
        lambda: holds.capture(SYSTEM, hold_id=held.hold_id, now=NOW),
        lambda: holds.release(SYSTEM, hold_id=held.hold_id, reason="cancelled", now=NOW),
    ):
        with pytest.raises(SpendingHeld):
            act()
    assert overdue(later, after=held.hold_id - 1, limit=9) == []
    assert place(member, realm).replayed
    Realm.objects.filter(pk=realm.pk).update(held="", held_since=None)
    assert overdue(later, after=held.hold_id - 1, limit=9) == [held.hold_id]


def test_capturing_is_activity_and_reserving_is_not(realm: Realm) -> None:
    version = make_version(
        document={
            "tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}],
            "expiry": {"kind": "inactivity", "months": 12},
        }
    )
    [member] = make_members(version, 1)
    post([make_plan(version, member, Award(POINTS, 30), active_until=NOW + DAY)], recorded_at=NOW)

    def ends() -> datetime | None:
        from loyalty_plugin.queries.holds import active_until_of

        return active_until_of(member.pk)

    held = place(member, realm)
    assert ends() == NOW + DAY
    holds.capture(SYSTEM, hold_id=held.hold_id, now=NOW)
    last = ends()
    assert last is not None
    assert last > NOW + 360 * DAY
    assert whole(member)


def test_a_hold_that_the_ledger_does_not_know_is_found(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 30)
    held = place(member, realm)
    row = Hold.objects.get(pk=held.hold_id)
    row.portions.update(amount=9)
    found = list(verifying.check(member.pk - 1, member.pk))
    assert [one.code for one in found] == ["hold_differs", "hold_not_posted"]
    row.portions.update(amount=10)
    post([spend(version, member, 20)], recorded_at=NOW)
    assert not list(verifying.check(member.pk - 1, member.pk))


def test_the_job_gives_back_what_is_overdue_and_nothing_else(
    version: ProgrammeVersion, member: Member, realm: Realm
) -> None:
    give(version, member, 90)
    ids = [place(member, realm, key=str(number)).hold_id for number in range(5)]
    holds.renew(SYSTEM, hold_id=ids[1], until=NOW + 3 * HOUR, now=NOW)
    holds.capture(SYSTEM, hold_id=ids[2], now=NOW)
    version_terms = versions_of(version.programme_id).at(NOW)
    assert points_of(member.pk, version_terms, NOW).held_until == NOW + 3 * HOUR
    later = NOW + 2 * HOUR
    assert holds.release_overdue(now=NOW + HOUR - timedelta(seconds=1)) == 0
    # In batches, and one that can't be released does not keep the others waiting.
    broken = Hold.objects.get(pk=ids[0])
    broken.portions.update(amount=91)
    assert release_overdue(later) == 2
    broken.portions.update(amount=10)
    assert release_overdue(later) == 1
    assert release_overdue(later) == 0
    states = Hold.objects.filter(pk__in=ids).order_by("pk").values_list("state", "reason")
    gone = ("released", "out_of_time")
    assert list(states) == [gone, ("open", ""), ("captured", ""), gone, gone]
    assert whole(member)
    holds.release(SYSTEM, hold_id=ids[1], reason="cancelled", now=later)
    assert points_of(member.pk, version_terms, later).held_until is None


def release_overdue(now: datetime) -> int:
    return holds.release_overdue(now=now, batch=2)
