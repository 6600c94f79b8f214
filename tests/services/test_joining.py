"""Joining by a form, at checkout, at the counter and with an account: who is found again, and what is kept of consents."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.consents import Answer, ConsentChannel, JoinSource
from loyalty_plugin.domain.contacts import normal_email, normal_phone
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import (
    AlreadyMember,
    ContactNeeded,
    InvalidContact,
    InvalidInput,
    LoyaltyError,
    PermissionDenied,
)
from loyalty_plugin.models.consents import Consent, ConsentWording
from loyalty_plugin.models.ledger import Balance
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.queries.consents import consent_history, consents_of, may_be_told, wordings
from loyalty_plugin.services import erasure, members
from loyalty_plugin.services.consents import record_consents
from loyalty_plugin.services.customers import keep_customers
from loyalty_plugin.services.joining import join_customer, join_person
from tests.factories import CHANNEL, NOW, document, member, programme, realm
from tests.services.historykit import customer

VISITOR = Actor(ActorKind.MEMBER, "visitor", via="storefront")
EMAIL = ConsentChannel.EMAIL
YES = Answer(EMAIL, True, "Write to me.", "en")
NO = Answer(EMAIL, False)
PHONE = "+49 30 12345678"


def joined(club: Programme, **said: Any) -> Member:
    known = {"name": "Ada Lovelace", "email": "ada@mail.example", "channel": CHANNEL, "now": NOW, **said}
    return join_person(VISITOR, programme_id=club.pk, **known)


def myself(of: Member) -> Actor:
    return Actor(ActorKind.MEMBER, str(of.pk), member_id=of.pk, via="test")


# -- contacts ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "region", "kept"),
    [
        ("+49 30 12345678", "", "+493012345678"),
        ("0049 (30) 1234-5678", "DE", "+493012345678"),
        ("030 12345678", "de", "+493012345678"),
        ("＋４９ ３０ １２３４５６７８", "", "+493012345678"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("  ", "DE", ""),
    ],
)
def test_a_number_has_one_form(typed: str, region: str, kept: str) -> None:
    assert normal_phone(typed, region) == kept


@pytest.mark.parametrize(
    "typed", ["030 12345678", "+49 30 1", "call me", "+49 30 12345678 ext. 5", "+999 1", "0"]
)
def test_what_no_country_has_is_refused(typed: str) -> None:
    with pytest.raises(InvalidContact) as refused:
        normal_phone(typed)
    assert refused.value.details == {"phone": "invalid"}


@pytest.mark.parametrize(
    "typed", ["ada", "ada@", "@mail.example", "a b@mail.example", "a@b", "a@x..example", "a" * 260]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidContact):
        normal_email(typed)


@given(st.text(max_size=80), st.sampled_from(["", "DE", "CN", "US", "ZZ", "?"]))
def test_whatever_is_typed_is_kept_in_one_form_or_refused(text: str, region: str) -> None:
    for normal in (normal_email, lambda typed: normal_phone(typed, region)):
        try:
            kept = normal(text)
        except InvalidContact:
            continue
        assert normal(kept) == kept


# -- joining without an account ----------------------------------------------------------------------------
pytestmark = pytest.mark.django_db


def test_where_somebody_came_from_is_kept() -> None:
    of = joined(
        programme(), phone=PHONE, source=JoinSource.COUNTER, source_ref="till 2", birthday=date(1990, 2, 28)
    )
    of.refresh_from_db()
    assert (of.source, of.source_ref, of.source_channel) == ("counter", "till 2", CHANNEL)
    assert (of.phone, of.birthday, of.external_id, of.verified_at) == (
        "+493012345678",
        date(1990, 2, 28),
        "",
        None,
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"email": ""}, ContactNeeded.code),
        ({"email": "ada"}, InvalidContact.code),
        ({"phone": "12"}, InvalidContact.code),
        ({"name": "  "}, InvalidInput.code),
        ({"name": "x" * 501}, InvalidInput.code),
        ({"birthday": date(2090, 1, 1)}, "date_out_of_range"),
        ({"source_ref": "x" * 51}, InvalidInput.code),
        ({"consents": [YES, YES]}, InvalidInput.code),
        ({"consents": [Answer(EMAIL, True, " ")]}, InvalidInput.code),
        ({"consents": [Answer(EMAIL, True, "x" * 2001)]}, InvalidInput.code),
    ],
)
def test_a_refusal_has_a_code_and_leaves_nothing(said: dict[str, Any], code: str) -> None:
    club = programme()
    with pytest.raises(LoyaltyError) as refused:
        joined(club, **said)
    assert refused.value.code == code
    assert not Member.objects.exists()


@pytest.mark.parametrize(
    "again", [{"email": "ADA@Mail.Example "}, {"email": "", "phone": "0049 30 12345678"}, {"phone": PHONE}]
)
def test_a_double_is_found_however_it_is_typed(again: dict[str, Any], settings: Any) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "PHONE_REGION": "DE"}
    club = programme()
    of = joined(club, phone="030/12345678")
    with pytest.raises(AlreadyMember) as refused:
        joined(club, **{"email": "other@mail.example", **again})
    assert refused.value.details["member"] == of.pk
    assert joined(programme(), phone=PHONE).pk != of.pk  # another programme is another matter


def test_an_account_with_the_same_confirmed_address_takes_the_membership_over() -> None:
    welcome = document()
    welcome["earning"]["rules"].append(
        {"id": "hi", "rule": "welcome", "params": {"points": 50, "at": "verified"}}
    )
    club = programme(welcome)
    of = joined(club, consents=[YES])
    waiting = customer(1, email="Ada@mail.example", confirmed=False, joined_at=NOW)
    assert keep_customers(realm(), [waiting], now=NOW) == {waiting.user_id: "already_member"}
    confirmed = customer(1, email="Ada@mail.example", confirmed=True, joined_at=NOW, name="Ada King")
    for code in ("joined", ""):
        assert keep_customers(realm(), [confirmed], now=NOW) == {confirmed.user_id: code}
    of.refresh_from_db()
    assert (of.external_id, of.realm_id, of.name) == (confirmed.user_id, realm().pk, "Ada King")
    assert of.verified_at == NOW
    assert Balance.objects.get(member=of, unit=POINTS).available == 50
    assert Member.objects.count() == 1


def test_a_customer_from_before_takes_it_over_too() -> None:
    club = programme()
    of = joined(club)
    known = customer(1, email=of.email, confirmed=True, joined_at=NOW - timedelta(days=900))
    keep_customers(realm(), [known], now=NOW)
    of.refresh_from_db()
    assert of.external_id == known.user_id


@pytest.mark.parametrize("why", ["phone", "account", "frozen"])
def test_nobody_takes_over_what_is_not_theirs(why: str) -> None:
    club = programme()
    of = joined(club, phone=PHONE, email="" if why == "phone" else "ada@mail.example")
    if why == "account":
        keep_customers(realm(), [customer(9, email=of.email, confirmed=True)], now=NOW)
    if why == "frozen":
        members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    person = members.Person(email="ada@mail.example", phone="+493012345678", external_id="User:other")
    with pytest.raises(AlreadyMember):
        members.join(SYSTEM, programme_id=club.pk, person=person, now=NOW, realm_id=realm().pk, verified=True)


def test_of_two_who_join_at_once_with_one_address_one_waits() -> None:
    """The lock on the contact is taken before anybody looks whose it is."""
    with CaptureQueriesContext(connection) as seen:
        joined(programme())
    asked = [one["sql"] for one in seen.captured_queries]
    looked = next(n for n, sql in enumerate(asked) if 'LOWER("loyalty_plugin_member"."email")' in sql)
    assert any("pg_advisory_xact_lock" in sql and "ada@mail.example" in sql for sql in asked[:looked])


# -- joining with an account -------------------------------------------------------------------------------
def test_a_customer_joins_with_consents_and_says_the_rest_later(monkeypatch: pytest.MonkeyPatch) -> None:
    club, here = programme(), realm()
    account = customer(1, email="ada@mail.example", confirmed=True, joined_at=NOW)

    class Front:
        def customers(self, _realm: str, ids: list[str]) -> dict[str, Any]:
            return {user_id: account for user_id in ids if user_id == account.user_id}

    monkeypatch.setattr("loyalty_plugin.registry.ports._storefront", Front())
    who = Actor(ActorKind.MEMBER, account.user_id, via="test")
    asked: dict[str, Any] = {
        "programme_id": club.pk,
        "realm_id": here.pk,
        "user_id": account.user_id,
        "now": NOW,
    }
    of = join_customer(who, **asked, consents=[YES], source=JoinSource.CHECKOUT)
    assert (of.source, of.verified_at) == ("checkout", NOW)
    again = join_customer(who, **asked, phone=PHONE, birthday=date(1990, 5, 1), consents=[NO])
    assert (again.pk, again.phone, again.birthday) == (of.pk, "+493012345678", date(1990, 5, 1))
    third = join_customer(who, **asked, phone="+49 30 87654321", birthday=date(1991, 5, 1))
    assert (third.phone, third.birthday) == ("+493012345678", date(1990, 5, 1))
    assert [view.given for view in consent_history(myself(of), of.pk)] == [False, True]
    other = joined(club, email="b@mail.example", phone="+49 30 87654321")
    Member.objects.filter(pk=of.pk).update(phone="")
    with pytest.raises(AlreadyMember):
        join_customer(who, **asked, phone=other.phone)


# -- consents ----------------------------------------------------------------------------------------------
def test_a_consent_keeps_its_words_its_time_and_where_it_was_given() -> None:
    of = joined(programme(), consents=[YES, Answer(ConsentChannel.SMS, False)], source=JoinSource.COUNTER)
    (kept,) = consents_of(myself(of), of.pk)
    assert (kept.channel, kept.given, kept.at, kept.wording, kept.language, kept.source) == (
        EMAIL,
        True,
        NOW,
        "Write to me.",
        "en",
        "counter",
    )


def test_taking_back_is_a_new_row_and_the_old_one_stays() -> None:
    of = joined(programme(), consents=[YES])
    later = NOW + timedelta(days=1)
    for changed in ((EMAIL,), ()):
        assert record_consents(myself(of), member_id=of.pk, answers=[NO], now=later) == changed
    again = Answer(EMAIL, True, "Write to me, please.", "en")
    assert record_consents(myself(of), member_id=of.pk, answers=[again], now=later) == (EMAIL,)
    assert record_consents(myself(of), member_id=of.pk, answers=[again], now=later) == ()
    told = consent_history(SYSTEM, of.pk)
    assert [(view.given, view.wording) for view in told] == [
        (True, "Write to me, please."),
        (False, ""),
        (True, "Write to me."),
    ]


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_row_ever_changes(statement: str) -> None:
    joined(programme(), consents=[YES])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for model in (Consent, ConsentWording):
        with pytest.raises(DatabaseError, match="not allowed"), transaction.atomic():
            connection.cursor().execute(statement.format(model._meta.db_table))


def test_nobody_answers_for_another() -> None:
    of, other = joined(programme()), member(programme())
    with pytest.raises(PermissionDenied):
        record_consents(myself(other), member_id=of.pk, answers=[YES], now=NOW)
    with pytest.raises(LoyaltyError):
        consents_of(myself(other), of.pk)


def test_who_may_be_told() -> None:
    club = programme()
    yes = member(club)
    no, unconfirmed, silent = member(club), member(club, verified=False), member(club)
    for of in (yes, no, unconfirmed):
        sms = Answer(ConsentChannel.SMS, True, "Text me.")
        record_consents(myself(of), member_id=of.pk, answers=[YES, sms], now=NOW)
    record_consents(myself(no), member_id=no.pk, answers=[NO], now=NOW)
    everybody = [yes.pk, no.pk, unconfirmed.pk, silent.pk]
    assert may_be_told(everybody, EMAIL) == {yes.pk}
    assert may_be_told(everybody, ConsentChannel.SMS) == {yes.pk, no.pk, unconfirmed.pk}
    erasure.erase(SYSTEM, member_id=yes.pk, reason="asked", now=NOW)
    assert may_be_told(everybody, EMAIL) == frozenset()
    assert Consent.objects.filter(member=yes).count() == 2  # they name nobody now


def test_a_shop_asks_in_its_own_words_or_in_ours(settings: Any) -> None:
    own = {"email": {"en": "Letters?", "de": "Briefe?"}, "post": "Cards?", "wechat": ""}
    settings.LOYALTY = {**settings.LOYALTY, "CONSENTS": own}
    asked = wordings("de-AT")
    assert (asked[EMAIL], asked[ConsentChannel.POST]) == ("Briefe?", "Cards?")
    assert "WeChat" in asked[ConsentChannel.WECHAT]
    assert list(asked) == [EMAIL, ConsentChannel.POST, ConsentChannel.WECHAT]
