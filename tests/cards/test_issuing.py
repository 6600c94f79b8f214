"""Issuing cards: once per member, by who may, signed, noted; and what a scanned code is believed for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.cards.numbers import NumberScheme
from loyalty_plugin.domain.cards.tokens import verify
from loyalty_plugin.errors import CardRefused, MemberFrozen, NotFound, PermissionDenied, UnknownMember
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.cards import Card, CardKey
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries import cards as reading
from loyalty_plugin.services import cards
from tests.factories import NOW, member, programme

DESK = Actor(ActorKind.STAFF, "user:1", frozenset({"view_members", "issue_cards"}))
CLERK = Actor(ActorKind.STAFF, "user:2", frozenset({"view_members"}))


def themselves(of: Member) -> Actor:
    return Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk)


@pytest.mark.django_db
def test_a_card_has_a_number_and_a_code_that_verifies_offline() -> None:
    of = member(programme())
    issued = cards.issue_card(DESK, member_id=of.pk, now=NOW)
    assert NumberScheme().parse(issued.number) == issued.number
    token = verify(issued.token, reading.public_keys())
    assert (token.card, token.issued) == (issued.id, NOW.date())
    trail = AuditRecord.objects.get(operation="card.issue")
    assert (trail.target, trail.detail["number"]) == (f"member:{of.pk}", issued.number)


@pytest.mark.django_db
def test_the_day_of_issue_is_a_day_of_the_programme() -> None:
    of = member(programme(timezone="Asia/Shanghai"))
    late = NOW.replace(hour=20)
    issued = cards.issue_card(SYSTEM, member_id=of.pk, now=late)
    assert verify(issued.token, reading.public_keys()).issued == late.date() + timedelta(days=1)


@pytest.mark.django_db
def test_asking_again_gives_the_same_card() -> None:
    of = member(programme())
    first = cards.issue_card(themselves(of), member_id=of.pk, now=NOW)
    again = cards.issue_card(DESK, member_id=of.pk, now=NOW + timedelta(days=1))
    assert again == replace(first, replayed=True)
    assert AuditRecord.objects.filter(operation="card.issue").count() == 1


@pytest.mark.django_db
def test_private_keys_are_not_stored_in_the_clear() -> None:
    of = member(programme())
    cards.issue_card(DESK, member_id=of.pk, now=NOW)
    key = CardKey.objects.get()
    assert len(bytes(key.public_key)) == 32
    assert bytes(key.private_key).startswith(b"gAAAA")


@pytest.mark.django_db
def test_only_who_may_issues() -> None:
    mine, other = member(programme()), member(programme())
    for actor in (CLERK, themselves(other)):
        with pytest.raises(PermissionDenied):
            cards.issue_card(actor, member_id=mine.pk, now=NOW)
    assert not Card.objects.exists()


@pytest.mark.django_db
def test_no_card_for_who_is_gone() -> None:
    of = member(programme())
    Member.objects.filter(pk=of.pk).update(status="frozen")
    with pytest.raises(MemberFrozen):
        cards.issue_card(DESK, member_id=of.pk, now=NOW)
    Member.objects.filter(pk=of.pk).update(status="erased")
    with pytest.raises(UnknownMember):
        cards.issue_card(DESK, member_id=of.pk, now=NOW)
    with pytest.raises(UnknownMember):
        cards.issue_card(DESK, member_id=10**9, now=NOW)


@pytest.mark.django_db
def test_a_taken_number_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = member(programme()), member(programme())
    draws = iter([7, 7, 8])
    monkeypatch.setattr(cards.secrets, "randbelow", lambda room: next(draws))
    first = cards.issue_card(DESK, member_id=one.pk, now=NOW)
    second = cards.issue_card(DESK, member_id=two.pk, now=NOW)
    assert (first.number, second.number) == (NumberScheme().compose(7), NumberScheme().compose(8))


@pytest.mark.django_db
def test_old_cards_verify_after_the_key_is_changed() -> None:
    club = programme()
    old = cards.issue_card(DESK, member_id=member(club).pk, now=NOW)
    cards.rotate_key(SYSTEM, now=NOW)
    new = cards.issue_card(DESK, member_id=member(club).pk, now=NOW)
    keys = reading.public_keys()
    assert verify(old.token, keys).key_id != verify(new.token, keys).key_id
    with pytest.raises(PermissionDenied):
        cards.rotate_key(DESK, now=NOW)


@pytest.mark.django_db
def test_a_scanned_code_finds_its_card() -> None:
    of = member(programme(), name="王小明")
    issued = cards.issue_card(DESK, member_id=of.pk, now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = reading.identify(CLERK, code=issued.token, now=NOW)
    assert (found.member_id, found.name, found.tier_name) == (of.pk, "王小明", "Basic")
    assert len(queries) <= 4
    with pytest.raises(PermissionDenied):
        reading.identify(themselves(of), code=issued.token, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["lost", "replaced", "returned"])
def test_an_ended_card_says_why_and_since_when(status: str) -> None:
    of = member(programme())
    issued = cards.issue_card(DESK, member_id=of.pk, now=NOW)
    Card.objects.update(status=status, ended_at=NOW)
    with pytest.raises(CardRefused) as refused:
        reading.identify(CLERK, code=issued.token, now=NOW)
    assert refused.value.details == {"reason": status, "on": NOW.date()}


@pytest.mark.django_db
def test_a_well_signed_code_without_a_card_is_unknown() -> None:
    of = member(programme())
    issued = cards.issue_card(DESK, member_id=of.pk, now=NOW)
    Card.objects.all().delete()
    with pytest.raises(CardRefused) as refused:
        reading.identify(CLERK, code=issued.token, now=NOW)
    assert refused.value.details["reason"] == "unknown"


@pytest.mark.django_db
def test_members_see_their_own_cards_only() -> None:
    mine, other = member(programme()), member(programme())
    issued = cards.issue_card(DESK, member_id=mine.pk, now=NOW)
    seen = reading.active_card(themselves(mine), member_id=mine.pk, now=NOW)
    assert seen is not None
    assert seen.number == issued.number
    assert reading.cards_of(DESK, member_id=mine.pk, now=NOW) == [seen]
    assert reading.card(themselves(mine), card_id=issued.id, now=NOW) == seen
    for ask in (
        lambda: reading.card(themselves(other), card_id=issued.id, now=NOW),
        lambda: reading.active_card(themselves(other), member_id=mine.pk, now=NOW),
        lambda: reading.cards_of(themselves(other), member_id=mine.pk, now=NOW),
    ):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.usefixtures("fresh_db")
def test_asked_for_twice_at_once_there_is_one_card_and_one_key() -> None:
    of = member(programme())
    together, results = Barrier(4), []

    def ask() -> None:
        try:
            together.wait()
            results.append(cards.issue_card(DESK, member_id=of.pk, now=NOW))
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.number for result in results}) == 1
    assert sorted(result.replayed for result in results) == [False, True, True, True]
    assert (Card.objects.count(), CardKey.objects.count()) == (1, 1)


@pytest.mark.usefixtures("fresh_db")
def test_the_first_cards_of_many_members_at_once_share_one_key() -> None:
    club = programme()
    members = [member(club) for _ in range(4)]
    together, results = Barrier(4), []

    def ask(of: Member) -> None:
        try:
            together.wait()
            results.append(cards.issue_card(DESK, member_id=of.pk, now=NOW))
        finally:
            connection.close()

    threads = [Thread(target=ask, args=(of,)) for of in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = reading.public_keys()
    assert {verify(result.token, keys).card for result in results} == {r.id for r in results}
    assert CardKey.objects.count() == 1
