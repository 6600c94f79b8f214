"""The page of preferences: what a member changes there, what is kept of it, and what stays another's or the staff's."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.consents import Answer, ConsentChannel
from loyalty_plugin.errors import SaleorUnreachable
from loyalty_plugin.models.consents import Consent
from loyalty_plugin.models.declines import Decline
from loyalty_plugin.models.members import Member
from loyalty_plugin.services.consents import record_consents
from tests.doors.storefrontkit import RULES, plain, render, shop, sign_in
from tests.factories import NOW, member, programme, realm

__all__ = ["shop"]
pytestmark = pytest.mark.django_db
PAGE = "/loyalty/membership/preferences/"
AGREED = Answer(ConsentChannel.EMAIL, True, "Send me the news of 2024.", "en")


@pytest.fixture
def ada() -> Member:
    of = member(
        programme(RULES), name="Ada Lovelace", email="ada@mail.example", phone="+493012345678", language="en"
    )
    record_consents(SYSTEM, member_id=of.pk, answers=[AGREED], now=NOW - timedelta(days=400))
    sign_in(of)
    return of


def form_of(page: str) -> dict[str, str]:
    """What a browser would send of the page as it stands."""
    found = {}
    for tag in re.findall(r"<input[^>]+>", page):
        said = {key: unescape(value) for key, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        if "disabled" in tag or (said.get("type") == "checkbox" and "checked" not in tag):
            continue
        found[said["name"]] = said.get("value", "")
    chosen = re.search(r'<option value="([^"]*)" selected', page)
    return {**found, "language": chosen[1] if chosen else ""}


def boxes_of(page: str) -> dict[str, str]:
    return {
        name: unescape(value)
        for tag in re.findall(r'<input type="checkbox"[^>]+>', page)
        for name in re.findall(r'name="(\w+)"', tag)
        for value in re.findall(r'value="([^"]*)"', tag)
    }


def state() -> tuple[Any, int]:
    return Member.objects.values().get(), Consent.objects.count()


def test_the_page_shows_what_stands_and_saving_it_changes_nothing(ada: Member) -> None:
    page = Client().get(PAGE)
    html, before = page.content.decode(), state()
    assert "no-store" in page["Cache-Control"]
    told = plain(html)
    assert "Send me the news of 2024." in told
    assert "You agreed to this on" in told
    assert "Your e-mail address is ada@mail.example." in told
    said = form_of(html)
    assert (said["name"], said["phone"], said["language"]) == ("Ada Lovelace", "+493012345678", "en")
    assert {name for name in said if name.startswith("consent_")} == {"consent_email"}
    assert set(boxes_of(html)) == {"consent_email", "consent_sms"}
    answer = Client().post(PAGE, said)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert state() == before


def test_a_member_changes_all_of_it_at_once(ada: Member) -> None:
    html = Client().get(PAGE).content.decode()
    said = {
        **form_of(html), "name": "王小明", "phone": "", "language": "zh-hans", "birthday": "1990-02-28",
        "consent_sms": boxes_of(html)["consent_sms"],
    }  # fmt: skip
    del said["consent_email"]
    visitor = Client()
    assert "Saved." in plain(visitor.post(PAGE, said, follow=True).content.decode())
    ada.refresh_from_db()
    assert (ada.name, ada.phone, ada.language, str(ada.birthday)) == ("王小明", "", "zh-hans", "1990-02-28")
    rows = Consent.objects.filter(member=ada).order_by("-pk")[:2]
    assert {(row.channel, row.given, row.source) for row in rows} == {
        ("email", False, "preferences"),
        ("sms", True, "preferences"),
    }
    assert "text message" in Consent.objects.get(channel="sms").wording.text  # type: ignore[union-attr]
    after = plain(visitor.get(PAGE).content.decode())
    assert "You took this back on" in after


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"name": " "}, "Please fill this in."),
        ({"phone": "12"}, "A phone number from abroad begins with +"),
        (
            {"phone": "+49 30 12345670"},
            "There is a membership with this e-mail address or phone number already.",
        ),
        ({"birthday": "2090-01-01"}, "This date can’t be right."),
        ({"language": "klingon"}, "Select a valid choice."),
        ({"consent_sms": "forged"}, "Please read this again"),
    ],
)
def test_what_can_not_be_is_said_and_nothing_is_kept(
    ada: Member, said: dict[str, str], sentence: str
) -> None:
    Member.objects.filter(pk=member(ada.programme).pk).update(phone="+493012345670")
    before = Member.objects.values().get(pk=ada.pk), Consent.objects.count()
    typed = {**form_of(Client().get(PAGE).content.decode()), "name": "Ada King", **said}
    answer = Client().post(PAGE, typed)
    assert answer.status_code == 422
    assert sentence in plain(answer.content.decode())
    assert (Member.objects.values().get(pk=ada.pk), Consent.objects.count()) == before


def test_a_birthday_that_brought_something_is_the_staffs_to_change(ada: Member) -> None:
    Member.objects.filter(pk=ada.pk).update(birthday="1985-12-10", birthday_locked_at=NOW)
    html = Client().get(PAGE).content.decode()
    assert "It has brought a present already." in plain(html)
    assert re.search(r'<input[^>]+name="birthday"[^>]+disabled', html)
    Client().post(PAGE, {**form_of(html), "birthday": "1985-12-11"})
    ada.refresh_from_db()
    assert str(ada.birthday) == "1985-12-10"


def test_who_is_no_member_has_none(ada: Member) -> None:
    Member.objects.filter(pk=ada.pk).update(status="frozen")
    before = state()
    assert "Your membership is frozen" in Client().get(PAGE).content.decode()
    assert Client().post(PAGE, {"name": "Eve"}).status_code == 200
    sign_in("VXNlcjo5OQ==")
    for answer in (Client().get(PAGE), Client().post(PAGE, {"name": "Eve"})):
        assert answer["Location"] == f"/sign-in/?next={PAGE}"
    assert state() == before
    assert "Nobody is signed in here" in plain(render("{% load loyalty %}{% loyalty_preferences %}"))


def test_the_form_is_refused_without_its_token(ada: Member) -> None:
    assert Client(enforce_csrf_checks=True).post(PAGE, {"name": "Eve"}).status_code == 403


def test_a_declined_cart_has_benefits_again(ada: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "You chose to do without member prices in your cart."
    assert told not in plain(Client().get(PAGE).content.decode())
    for name in ("here", "gone"):
        Decline.objects.create(realm=realm(), member=ada, checkout_id=name, declined_at=NOW)
    assert told in plain(Client().get(PAGE).content.decode())

    def unreachable(*_args: Any) -> None:
        raise SaleorUnreachable()

    monkeypatch.setattr("loyalty_plugin.registry.ports._storefront", Shop(unreachable))
    later = Client().post("/loyalty/membership/benefits/", follow=True).content.decode()
    assert "We can’t reach our till at the moment." in plain(later)
    assert Decline.objects.count() == 2
    monkeypatch.setattr("loyalty_plugin.registry.ports._storefront", Shop(lambda *_args: None))
    answer = Client().post("/loyalty/membership/benefits/", {"next": "/cart/"})
    assert answer["Location"] == "/cart/"
    assert not Decline.objects.exists()  # neither is there any more


class Shop:
    """Its commerce side, as far as a checkout is read."""

    def __init__(self, checkout: Any) -> None:
        self.checkout = checkout
