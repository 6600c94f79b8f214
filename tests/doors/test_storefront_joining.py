"""Joining by the shop's own form, and the membership's page: what is asked, believed, shown and to whom."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import CustomerFact
from loyalty_plugin.errors import SaleorUnreachable
from loyalty_plugin.models.consents import Consent
from loyalty_plugin.models.members import Member
from loyalty_plugin.services.members import Person, join
from tests.doors.storefrontkit import RULES, plain, shop, sign_in
from tests.factories import NOW, member, programme, realm
from tests.services.historykit import customer

__all__ = ["shop"]
pytestmark = pytest.mark.django_db


def form_of(page: str) -> dict[str, str]:
    """The values of a form's ticked and hidden fields, with every consent ticked."""
    return {
        name: unescape(value) for name, value in re.findall(r'name="(consent_\w+)" value="([^"]+)"', page)
    } | {
        name: unescape(value) for value, name in re.findall(r'value="([^"]+)"[^>]*name="(consent_\w+)"', page)
    }


def test_somebody_at_the_counter_joins_and_gets_a_card() -> None:
    programme(RULES)
    visitor = Client()
    address = "/loyalty/join/?channel=default-channel&via=counter&ref=till+2"
    page = visitor.get(address).content.decode()
    assert "checked" not in page
    consents = form_of(page)
    assert set(consents) == {"consent_email", "consent_sms"}
    said = {
        "name": "王小明",
        "phone": "+49 30 12345678",
        "birthday": "1990-02-28",
        "consent_sms": consents["consent_sms"],
    }
    answer = visitor.post(address, said, follow=True)
    assert answer.redirect_chain == [("/loyalty/joined/", 302)]
    of = Member.objects.get()
    assert (of.name, of.phone, of.source, of.source_ref) == ("王小明", "+493012345678", "counter", "till 2")
    kept = Consent.objects.get()
    assert (kept.channel, kept.source) == ("sms", "counter")
    assert kept.wording is not None
    assert "text message" in kept.wording.text
    assert "<svg" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    # Only they are shown it.
    assert Client().get("/loyalty/joined/")["Location"] == "/loyalty/join/"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"name": ""}, "Please fill this in."),
        ({"email": ""}, "Please give an e-mail address or a phone number."),
        ({"email": "a@b"}, "This is not a complete e-mail address."),
        ({"phone": "12"}, "A phone number from abroad begins with +"),
        ({"birthday": "2090-01-01"}, "This date can’t be right."),
        ({"birthday": "yesterday"}, "This date can’t be right."),
        ({"consent_email": "forged"}, "Please read this again"),
        (
            {"email": "taken@mail.example"},
            "There is a membership with this e-mail address or phone number already.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_the_rest_stays(said: dict[str, str], sentence: str) -> None:
    club = programme(RULES)
    member(club, email="taken@mail.example")
    typed = {"name": "Ada Lovelace", "email": "ada@mail.example", **said}
    answer = Client().post("/loyalty/join/", typed)
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert sentence in page
    assert typed["name"] in page
    assert Member.objects.count() == 1


def test_a_customer_joins_with_the_account_and_not_with_what_they_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    club = programme(RULES)
    account = customer(7, email="ada@mail.example", name="Ada Lovelace", confirmed=True)
    sign_in(account.user_id)
    realm()

    class Front:
        def customers(self, _realm: str, ids: list[str]) -> dict[str, CustomerFact]:
            return {account.user_id: account}

    monkeypatch.setattr("loyalty_plugin.registry.ports._storefront", Front())
    visitor = Client()
    page = visitor.get("/loyalty/join/").content.decode()
    assert 'name="email"' not in page
    assert visitor.get("/loyalty/membership/")["Location"] == "/loyalty/join/"
    answer = visitor.post("/loyalty/join/", {"name": "Mallory", "email": "m@mail.example", **form_of(page)})
    assert answer["Location"] == "/loyalty/joined/"
    of = Member.objects.get(programme=club)
    assert (of.name, of.email, of.external_id) == ("Ada Lovelace", "ada@mail.example", account.user_id)
    assert Consent.objects.filter(member=of).count() == 2
    assert visitor.get("/loyalty/join/")["Location"] == "/loyalty/membership/"

    def away(*_: Any) -> Any:
        raise SaleorUnreachable()

    sign_in("User:other")
    monkeypatch.setattr(Front, "customers", away)
    assert "try again in a minute" in visitor.post("/loyalty/join/", {}).content.decode()


def test_the_form_is_not_for_trying_addresses(shop: Any) -> None:
    shop.LOYALTY = {**shop.LOYALTY, "STOREFRONT_JOINS_PER_HOUR": 2}
    programme(RULES)
    for number in range(3):
        said = {"name": "Ada", "email": f"ada{number}@mail.example"}
        answer = Client().post("/loyalty/join/", said)
    assert "Too many people" in answer.content.decode()
    assert Member.objects.count() == 2
    # Behind the shop's own proxy visitors are told apart by what it writes.
    shop.LOYALTY = {**shop.LOYALTY, "CLIENT_ADDRESS_HEADER": "X-Forwarded-For"}
    other = Client(headers={"x-forwarded-for": "198.51.100.7"})
    assert other.post("/loyalty/join/", {"name": "Bo", "email": "bo@mail.example"}).status_code == 302


def test_who_joined_with_anothers_address_sees_nothing_of_it_once_the_other_has_it() -> None:
    club = programme(RULES)
    visitor = Client()
    visitor.post("/loyalty/join/", {"name": "Mallory", "email": "ada@mail.example"})
    assert "Mallory" in visitor.get("/loyalty/joined/").content.decode()
    account = customer(7, email="ada@mail.example", name="Ada Lovelace", confirmed=True)
    person = Person(name=account.name, email=account.email, external_id=account.user_id)
    join(SYSTEM, programme_id=club.pk, person=person, now=NOW, realm_id=realm().pk, verified=True)
    assert Member.objects.get().external_id == account.user_id
    assert visitor.get("/loyalty/joined/")["Location"] == "/loyalty/join/"
    sign_in(account.user_id)
    assert "Ada Lovelace" in visitor.get("/loyalty/joined/").content.decode()


def test_a_channel_that_nobody_serves_has_no_page() -> None:
    assert Client().get("/loyalty/join/").status_code == 404
    programme(RULES)
    assert Client().get("/loyalty/join/?channel=moon").status_code == 404
    assert Client().get("/loyalty/join/", headers={"host": "other.example"}).status_code == 404


def test_the_membership_is_the_members_alone() -> None:
    club = programme(RULES)
    of = member(club, name="Žofia <b>Nováková</b>")
    assert Client().get("/loyalty/membership/")["Location"] == "/sign-in/?next=/loyalty/membership/"
    sign_in(of)
    visitor = Client()
    page = visitor.get("/loyalty/membership/")
    assert "<b>Nováková" not in page.content.decode()
    assert "private" in page["Cache-Control"]
    assert visitor.post("/loyalty/membership/card/")["Location"] == "/loyalty/membership/"
    assert visitor.post("/loyalty/membership/check-in/", {"next": "/shelf/"})["Location"] == "/shelf/"
    away = visitor.post("/loyalty/membership/check-in/", {"next": "https://evil.example/"})
    assert away["Location"] == "/loyalty/membership/"
    shown = plain(visitor.get("/loyalty/membership/").content.decode())
    assert "Checked in today" in shown
    assert "Tap the card for its code." in shown
    assert visitor.get("/loyalty/membership/check-in/").status_code == 405


def test_a_frozen_member_is_told_so_and_sent_nowhere() -> None:
    club = programme(RULES)
    of = member(club, name="Zoë")
    Member.objects.filter(pk=of.pk).update(status=Member.Status.FROZEN)
    sign_in(of)
    for path in ("/loyalty/membership/", "/loyalty/join/"):
        page = Client().get(path)
        assert page.status_code == 200
        assert "Your membership is frozen" in plain(page.content.decode())
    assert Client().post("/loyalty/join/", {"name": "Zoë"}).status_code == 200
    assert Member.objects.count() == 1
