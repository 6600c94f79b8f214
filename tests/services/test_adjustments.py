"""Staff adjust points: within limits posted, above them asked, never by one person alone, never on themselves."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import (
    InsufficientPoints,
    InvalidAmount,
    InvalidInput,
    KeyConflict,
    NotFound,
    PermissionDenied,
    RequestClosed,
    SamePerson,
)
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.notes import Note
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person, RoleScope
from loyalty_plugin.queries.staff import staff_actor
from loyalty_plugin.services import adjustments, approvals, roles
from tests.factories import NOW, member, programme


def staff(name: str, role: str) -> Actor:
    from django.contrib.auth.models import Group

    roles.create_roles()
    user = get_user_model().objects.create_user(name)
    user.groups.add(Group.objects.get(name=f"{roles.PREFIX}{role}"))
    person = Person.objects.create(name=name, user=user)
    RoleScope.objects.create(person=person, role=role)
    return staff_actor(user, via="test", now=NOW)


def give(actor: Actor, of, amount: int, key: str = "k", **more):
    return adjustments.adjust(
        actor, member_id=of.pk, amount=amount, reason="goodwill", now=NOW, key=key, **more
    )


pytestmark = pytest.mark.django_db


def test_within_the_limit_it_is_posted_and_in_the_trail():
    clerk, of = staff("clerk", "clerk"), member(programme())
    outcome = give(clerk, of, 500, words="Box arrived broken")
    entry = Entry.objects.get(pk=outcome.entry_id)
    assert Balance.objects.get(member=of, unit=POINTS).available == 500
    assert AuditRecord.objects.filter(
        operation="points.adjust", outcome="posted", person=clerk.person_id
    ).exists()
    assert Note.objects.get(digest=bytes(entry.note_digest)).text == "Box arrived broken"


def test_above_the_limit_it_waits_for_another_person():
    clerk, manager, of = staff("clerk", "clerk"), staff("manager", "manager"), member(programme())
    outcome = give(clerk, of, 501)
    assert (outcome.entry_id, outcome.excess.which, outcome.excess.limit) == (None, "once", 500)
    with pytest.raises(PermissionDenied):
        approvals.approve(clerk, request_id=outcome.request_id, now=NOW)
    posted = approvals.approve(manager, request_id=outcome.request_id, now=NOW)
    assert Entry.objects.get(pk=posted.entry_id).source == f"request:{outcome.request_id}"
    assert Balance.objects.get(member=of, unit=POINTS).available == 501
    with pytest.raises(RequestClosed):
        approvals.approve(manager, request_id=outcome.request_id, now=NOW)


def test_one_person_never_asks_and_decides():
    manager, of = staff("manager", "manager"), member(programme())
    outcome = give(manager, of, 20_001)
    with pytest.raises(SamePerson):
        approvals.approve(manager, request_id=outcome.request_id, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=outcome.request_id).update(decided_by=manager.person_id)


def test_an_unmapped_superuser_may_neither_ask_above_a_limit_nor_approve():
    clerk, of = staff("clerk", "clerk"), member(programme())
    root = staff_actor(get_user_model().objects.create_superuser("root"), via="test", now=NOW)
    with pytest.raises(PermissionDenied):
        give(root, of, 501)
    outcome = give(clerk, of, 501)
    with pytest.raises(PermissionDenied):
        approvals.approve(root, request_id=outcome.request_id, now=NOW)


def test_the_day_adds_up():
    clerk, of = staff("clerk", "clerk"), member(programme())
    for number in range(4):
        assert give(clerk, of, 500, key=str(number)).entry_id
    assert give(clerk, of, 1, key="last").excess.which == "daily"


def test_a_rejected_request_posts_nothing():
    clerk, manager, of = staff("clerk", "clerk"), staff("manager", "manager"), member(programme())
    outcome = give(clerk, of, 501)
    approvals.reject(manager, request_id=outcome.request_id, now=NOW)
    assert not Entry.objects.exists()


def test_a_second_click_is_one_act_and_another_amount_a_conflict():
    clerk, of = staff("clerk", "clerk"), member(programme())
    first, second = give(clerk, of, 10), give(clerk, of, 10)
    assert (first.entry_id, second.replayed) == (second.entry_id, True)
    with pytest.raises(KeyConflict):
        give(clerk, of, 11)


def test_nobody_adjusts_their_own_membership():
    clerk, of = staff("clerk", "clerk"), member(programme())
    Person.objects.filter(pk=clerk.person_id).update(member=of)
    user = get_user_model().objects.get(username="clerk")
    with pytest.raises(SamePerson):
        give(staff_actor(user, via="test", now=NOW), of, 10)


@pytest.mark.parametrize("amount", [0, 10**18, True])
def test_an_impossible_amount_is_refused(amount):
    with pytest.raises(InvalidAmount):
        give(staff("clerk", "clerk"), member(programme()), amount)


def test_an_unknown_reason_and_too_much_to_take_are_refused():
    clerk, of = staff("clerk", "clerk"), member(programme())
    with pytest.raises(InvalidInput):
        adjustments.adjust(clerk, member_id=of.pk, amount=1, reason="because", now=NOW, key="k")
    with pytest.raises(InsufficientPoints):
        give(clerk, of, -1)


def test_one_without_the_permission_is_refused():
    with pytest.raises(PermissionDenied):
        give(staff("auditor", "auditor"), member(programme()), 1)


def test_the_preview_tells_what_would_happen():
    clerk, of = staff("clerk", "clerk"), member(programme())
    assert adjustments.preview(clerk, member_id=of.pk, amount=100, now=NOW).after == 100
    assert adjustments.preview(clerk, member_id=of.pk, amount=501, now=NOW).excess.limit == 500
    assert not Entry.objects.exists()


def test_a_request_nobody_decides_runs_out():
    clerk, manager, of = staff("clerk", "clerk"), staff("manager", "manager"), member(programme())
    outcome = give(clerk, of, 501)
    late = NOW + timedelta(days=15)
    assert approvals.close_expired(now=NOW) == 0
    assert approvals.close_expired(now=late) == 1
    assert Request.objects.get().status == Request.Status.EXPIRED
    with pytest.raises(RequestClosed):
        approvals.approve(manager, request_id=outcome.request_id, now=NOW)


def undo(actor: Actor, outcome):
    return adjustments.undo(actor, entry_id=outcome.entry_id, now=NOW)


def approved(clerk: Actor, manager: Actor, of, amount: int):
    asked = give(clerk, of, amount)
    return approvals.approve(manager, request_id=asked.request_id, now=NOW)


def test_what_one_person_gave_one_person_takes_back():
    clerk, of = staff("clerk", "clerk"), member(programme())
    assert undo(clerk, give(clerk, of, 500)).entry_id
    assert Balance.objects.get(member=of, unit=POINTS).available == 0


def test_what_took_two_to_give_takes_two_to_take_back():
    clerk, manager, of = staff("clerk", "clerk"), staff("manager", "manager"), member(programme())
    given = approved(clerk, manager, of, 2_000)
    asked = undo(manager, given)
    assert (asked.entry_id, undo(clerk, given).request_id) == (None, asked.request_id)
    assert Balance.objects.get(member=of, unit=POINTS).available == 2_000
    with pytest.raises(SamePerson):
        approvals.approve(manager, request_id=asked.request_id, now=NOW)
    posted = approvals.approve(staff("owner", "owner"), request_id=asked.request_id, now=NOW)
    assert Balance.objects.get(member=of, unit=POINTS).available == 0
    entry = Entry.objects.get(pk=posted.entry_id)
    assert (entry.kind, entry.reverses_id) == ("reverse", given.entry_id)
    assert AuditRecord.objects.filter(operation="points.undo", outcome="asked").count() == 1
    with pytest.raises(NotFound):
        undo(clerk, given)


def test_a_refused_undo_may_be_asked_for_again():
    clerk, manager, of = staff("clerk", "clerk"), staff("manager", "manager"), member(programme())
    given = approved(clerk, manager, of, 2_000)
    approvals.reject(manager, request_id=undo(clerk, given).request_id, now=NOW)
    again = undo(clerk, given)
    assert approvals.approve(manager, request_id=again.request_id, now=NOW).entry_id
    assert Balance.objects.get(member=of, unit=POINTS).available == 0


def test_an_unmapped_account_may_not_ask_to_undo():
    clerk, manager, of = staff("clerk", "clerk"), staff("manager", "manager"), member(programme())
    given = approved(clerk, manager, of, 2_000)
    root = staff_actor(get_user_model().objects.create_superuser("root"), via="test", now=NOW)
    with pytest.raises(PermissionDenied):
        undo(root, given)


@pytest.mark.django_db(transaction=True)
def test_a_daily_limit_holds_under_parallel_acts():
    clerk, of = staff("clerk", "clerk"), member(programme())
    outcomes: list = []

    def act(number: int) -> None:
        try:
            outcomes.append(give(clerk, of, 500, key=f"p{number}"))
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcome.entry_id is not None for outcome in outcomes) == 4
    assert sum(outcome.request_id is not None for outcome in outcomes) == 16
    assert Balance.objects.get(member=of, unit=POINTS).available == 2_000
