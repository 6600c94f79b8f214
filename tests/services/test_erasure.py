"""Erasing a member: nothing personal stays, the ledger stays whole, and no benefit or debt is shed by it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.intents import Consume, Hold
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Shortfall
from loyalty_plugin.errors import (
    InvalidInput,
    MembershipErased,
    PermissionDenied,
    SamePerson,
    TryLater,
    UnknownMember,
    ValueInUse,
)
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.cards import Card
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import ClaimedBenefit, Member
from loyalty_plugin.models.notes import Note
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.models.requests import Request
from loyalty_plugin.queries.verifying.run import verify
from loyalty_plugin.services import (
    adjustments,
    birthdays,
    cards,
    checkins,
    claims,
    erasure,
    expiry,
    members,
    posting,
)
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme, realm
from tests.services.books import make_plan
from tests.services.test_adjustments import give, staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PERSON = {
    "name": "Ada Lovelace",
    "email": "Ada.Lovelace@mail.example",
    "phone": "+49 30 1234567",
    "birthday": date(1985, 12, 10),
    "external_id": "VXNlcjo0Ng==",
}
WELCOME = {"id": "welcome", "rule": "welcome", "params": {"points": 50, "at": "verified"}}
JOINED = {"id": "joined", "rule": "welcome", "params": {"points": 30, "at": "joined"}}
FIRST = {"id": "first", "rule": "welcome", "params": {"points": 40, "at": "first_order"}}
BIRTHDAY = {"id": "birthday", "rule": "birthday", "params": {"points": 200}}
MILESTONE = {"id": "century", "rule": "milestone", "params": {"mark": 100, "points": 25}}
VISIT = {"id": "visit", "rule": "check_in", "params": {"first": 5, "step": 0, "most": 5}}


def club(*rules: dict[str, Any], **changes: Any) -> Programme:
    made = document(pending={"starts": "none"}, **changes)
    made["earning"]["rules"] += rules
    return programme(made)


def ada(of: Programme, **known: Any) -> Member:
    return member(of, **{**PERSON, **known})


def erase(of: Member, now: Any = NOW) -> erasure.Consequences:
    return erasure.erase(SYSTEM, member_id=of.pk, reason="asked", now=now)


def balance(of: Member, unit: str = POINTS) -> tuple[int, int, int, int]:
    found = Balance.objects.get(member=of, unit=unit)
    return found.pending, found.available, found.held, found.owed


def everything() -> str:
    """All columns of all rows of the plugin, as text."""
    tables = [model._meta.db_table for model in apps.get_app_config("loyalty_plugin").get_models()]
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT encode(body, 'escape') FROM loyalty_plugin_inboxitem WHERE body IS NOT NULL")
        found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def event(body: bytes, *, status: str = "done") -> InboxItem:
    installed, _ = Installation.objects.get_or_create(
        realm=realm(), defaults={"token": b"", "installed_at": NOW, "state": "active"}
    )
    digest = (hash(body) & (2**64 - 1)).to_bytes(8, "big") * 4
    return InboxItem.objects.create(
        installation=installed,
        sha256=digest,
        event="CustomerUpdated",
        body=body,
        received_at=NOW,
        status=status,
    )


@pytest.mark.django_db(transaction=True)
def test_nothing_personal_stays_and_the_ledger_is_whole():
    clerk, of = staff("clerk", "clerk"), ada(club())
    apply_orders([order(of, 12_000)], now=NOW)
    give(clerk, of, 20, words="Ada Lovelace rang: the parcel was wet")
    asked = give(clerk, of, 900, key="more", words="Ada Lovelace rang again")
    cards.issue_card(SYSTEM, member_id=of.pk, now=NOW)
    mine = event(b'{"user":{"id":"VXNlcjo0Ng==","email":"ada.lovelace@mail.example"}}')
    other = event(b'{"user":{"id":"VXNlcjo0Nw=="}}')
    entries = list(Entry.objects.order_by("pk").values_list("pk", flat=True))

    done = erase(of)
    assert (done.available, done.pending, done.owed, done.remembered) == (140, 0, 0, True)
    assert (done.cards, done.requests, done.notes, done.events) == (1, 1, 1, 1)
    of.refresh_from_db()
    assert of.status == Member.Status.ERASED
    rest = everything().casefold()
    for word in ("lovelace", "ada", PERSON["external_id"], "1234567", "1985-12-10"):
        # As a word: three letters alone are in many a digest.
        assert not re.search(rf"(?<![0-9a-z]){re.escape(str(word).casefold())}(?![0-9a-z])", rest)
    assert (balance(of), balance(of, QUALIFYING)) == ((0, 0, 0, 0), (0, 0, 0, 0))
    last = Entry.objects.latest("pk")
    assert (last.kind, last.explanation) == ("clear", {"erased": {"reason": "asked"}})
    assert list(Entry.objects.order_by("pk").values_list("pk", flat=True))[:-1] == entries
    assert Request.objects.get(pk=asked.request_id).status == Request.Status.WITHDRAWN
    assert Card.objects.get().status == Card.Status.RETURNED
    assert not Note.objects.exists()
    assert InboxItem.objects.get(pk=mine.pk).body is None
    assert bytes(InboxItem.objects.get(pk=other.pk).body or b"") == b'{"user":{"id":"VXNlcjo0Nw=="}}'
    assert AuditRecord.objects.get(operation="member.erase").detail["amount"] == 140
    assert verify().whole


def test_the_preview_tells_it_and_does_nothing():
    of = ada(club(JOINED))
    told = erasure.preview(SYSTEM, member_id=of.pk, now=NOW)
    assert told == replace(told, available=30, remembered=True)
    of.refresh_from_db()
    assert (of.email, of.status) == (PERSON["email"], "active")
    assert told == erase(of)


def test_it_is_staffs_act_with_a_reason_and_never_on_oneself():
    of = ada(club())
    clerk, manager = staff("clerk", "clerk"), staff("manager", "manager")
    with pytest.raises(PermissionDenied):
        erasure.erase(clerk, member_id=of.pk, reason="asked", now=NOW)
    with pytest.raises(InvalidInput):
        erasure.erase(manager, member_id=of.pk, reason="because", now=NOW)
    with pytest.raises(SamePerson):
        erasure.erase(replace(manager, member_id=of.pk), member_id=of.pk, reason="asked", now=NOW)
    erasure.erase(manager, member_id=of.pk, reason="asked", now=NOW)
    assert Entry.objects.count() == 0
    with pytest.raises(UnknownMember):
        erasure.erase(manager, member_id=of.pk, reason="asked", now=NOW)
    with pytest.raises(UnknownMember):
        adjustments.adjust(manager, member_id=of.pk, amount=5, reason="goodwill", now=NOW, key="k")


def test_points_reserved_for_an_open_checkout_are_in_the_way():
    of = ada(club(JOINED))
    version = ProgrammeVersion.objects.get()
    posting.post([make_plan(version, of, Hold(POINTS, 10))], recorded_at=NOW)
    with pytest.raises(ValueInUse) as refused:
        erase(of)
    assert refused.value.details == {"unit": "points", "amount": 10}


def test_events_that_are_still_to_be_worked_off_are_waited_for():
    of = ada(club())
    waiting = event(b'{"email":"\\u0061da"}', status="new")
    erasure.preview(SYSTEM, member_id=of.pk, now=NOW)
    InboxItem.objects.filter(pk=waiting.pk).update(body=b'{"id":"VXNlcjo0Ng=="}')
    with pytest.raises(TryLater):
        erase(of)


def test_a_name_that_json_wrote_with_escapes_is_found():
    of = ada(club(), email="zoë@mail.example")
    mine = event(b'{"email":"zo\\u00eb@mail.example"}')
    assert erase(of).events == 1
    assert InboxItem.objects.get(pk=mine.pk).body is None


def test_who_joins_again_with_the_same_contact_has_no_gift_twice():
    of_club = club(WELCOME, JOINED, FIRST, BIRTHDAY, MILESTONE, VISIT)
    first = ada(of_club, birthday=date(1985, 3, 2))
    birthdays.award_due(now=NOW)
    myself = Actor(ActorKind.MEMBER, str(first.pk), member_id=first.pk)
    checkins.check_in(myself, member_id=first.pk, now=NOW)
    apply_orders([order(first, 15_000)], now=NOW)
    assert balance(first)[1] == 50 + 30 + 40 + 200 + 25 + 5 + 150
    erase(first)

    second = ada(of_club, birthday=date(1985, 3, 2), external_id="VXNlcjo1MA==")
    assert second.pk != first.pk
    birthdays.award_due(now=NOW)
    myself = Actor(ActorKind.MEMBER, str(second.pk), member_id=second.pk)
    checkins.check_in(myself, member_id=second.pk, now=NOW)
    fact = order(second, 15_000)
    apply_orders([fact], now=NOW)
    assert balance(second)[1] == 150
    note = next(
        n for n in Entry.objects.get(member=second, kind="earn").explanation["rules"] if n["id"] == "first"
    )
    assert note["why_not"] == "had_before"
    # Tomorrow's visit and next year's birthday are theirs.
    checkins.check_in(myself, member_id=second.pk, now=NOW + DAY)
    birthdays.award_due(now=NOW + 365 * DAY)
    assert balance(second)[1] == 150 + 5 + 200
    assert not ClaimedBenefit.objects.filter(member=first).exists()


def test_a_new_address_sheds_nothing_that_was_had_under_the_old_one():
    of_club = club(JOINED)
    first = ada(of_club)
    members.update_contact(SYSTEM, member_id=first.pk, now=NOW, email="new@mail.example")
    erase(first)
    assert balance(ada(of_club, email="new@mail.example", phone="", external_id="VXNlcjo1MA=="))[1] == 0


def test_an_unverified_newcomer_gets_nothing_twice_either():
    of_club = club(WELCOME, JOINED, FIRST)
    first = ada(of_club)
    apply_orders([order(first, 10_000)], now=NOW)
    erase(first)
    second = member(of_club, verified=False, **{**PERSON, "external_id": "VXNlcjo1MA=="})
    fact = order(second, 10_000)
    apply_orders([fact], now=NOW)
    assert balance(second) == (30 + 40, 100, 0, 0)
    members.verify_contact(SYSTEM, member_id=second.pk, now=NOW + DAY)
    assert balance(second) == (0, 100, 0, 0)
    # What was cleared of the order is not taken a second time when it is returned.
    later = NOW + 2 * DAY
    apply_orders([replace(fact, charged=0, refunded=10_000, updated_at=later)], now=later)
    assert balance(second) == (0, 0, 0, 0)


def test_verifying_twice_over_takes_nothing_that_is_had_for_the_first_time():
    made = document()
    made["earning"]["rules"].append(FIRST)
    of = member(programme(made), verified=False)
    apply_orders([order(of, 10_000)], now=NOW)
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW)
    claims.release(Member.objects.get(pk=of.pk), now=NOW)
    assert balance(of) == (140, 0, 0, 0)
    expiry.mature(now=NOW + 20 * DAY)
    assert balance(of) == (0, 140, 0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verified", [True, False])
def test_what_was_owed_is_owed_again_once(verified: bool):
    of_club = club()
    first = ada(of_club)
    version = ProgrammeVersion.objects.get()
    posting.post([make_plan(version, first, Consume(POINTS, 120, shortfall=Shortfall.OWE))], recorded_at=NOW)
    assert balance(first) == (0, 0, 0, -120)
    assert erase(first).owed == -120
    assert balance(first) == (0, 0, 0, 0)

    second = member(of_club, verified=verified, **{**PERSON, "external_id": "VXNlcjo1MA=="})
    if not verified:
        assert balance(second) == (0, 0, 0, 0)
        members.verify_contact(SYSTEM, member_id=second.pk, now=NOW)
    assert balance(second) == (0, 0, 0, -120)
    entry = Entry.objects.get(member=second)
    assert (entry.kind, entry.explanation) == ("opening", {"carried": {"owed": 120}})
    apply_orders([order(second, 20_000)], now=NOW)
    assert balance(second) == (0, 80, 0, 0)
    erase(second)
    third = ada(of_club, external_id="VXNlcjo1MQ==")
    assert balance(third) == (0, 0, 0, 0)
    assert verify().whole


def test_another_contact_owes_nothing():
    of_club = club()
    first = ada(of_club)
    version = ProgrammeVersion.objects.get()
    posting.post([make_plan(version, first, Consume(POINTS, 120, shortfall=Shortfall.OWE))], recorded_at=NOW)
    erase(first)
    other = ada(of_club, email="other@mail.example", phone="", external_id="VXNlcjo1MA==")
    assert balance(other) == (0, 0, 0, 0)


def test_no_machine_makes_an_erased_customer_a_member_again():
    of_club = club()
    first = ada(of_club)
    fact = order(first, 10_000)
    erase(first)
    [applied] = apply_orders([fact], now=NOW)
    assert applied.outcome == "membership_erased"
    person = members.Person(external_id=PERSON["external_id"], email=PERSON["email"])
    with pytest.raises(MembershipErased):
        members.join(SYSTEM, programme_id=of_club.pk, person=person, now=NOW, realm_id=realm().pk)
    themselves = Actor(ActorKind.MEMBER, PERSON["external_id"])
    again = members.join(themselves, programme_id=of_club.pk, person=person, now=NOW, realm_id=realm().pk)
    assert again.pk != first.pk
    assert not AuditRecord.objects.filter(actor__contains=PERSON["external_id"]).exists()
    assert apply_orders([replace(fact, updated_at=NOW + DAY)], now=NOW + DAY)[0].points == 100


def test_a_return_after_the_erasure_finds_what_was_cleared():
    of = ada(club())
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    erase(of)
    apply_orders([replace(fact, charged=0, refunded=10_000, updated_at=NOW + DAY)], now=NOW + DAY)
    assert balance(of) == (0, 0, 0, 0)
