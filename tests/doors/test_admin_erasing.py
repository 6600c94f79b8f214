"""Erasing a member in the back office: the consequence in numbers, a reason, and a page that names nobody after it."""

from __future__ import annotations

import pytest

from loyalty_plugin.domain.intents import Hold
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Balance
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import posting
from tests.doors.test_admin import BASE, _frozen_clock, adjust, staff, text_of
from tests.factories import NOW, member, programme
from tests.services.books import make_plan

__all__ = ["_frozen_clock"]

pytestmark = pytest.mark.django_db


def test_a_manager_sees_what_goes_gives_a_reason_and_it_is_gone():
    manager, of = staff("manager"), member(programme(), name="Zoë Ångström", email="zoe@shop.example")
    adjust(manager, of, 120, confirm="1", words="Zoë rang")
    url = f"{BASE}/members/{of.pk}/erase/"
    assert url in text_of(manager.get(f"{BASE}/members/{of.pk}/"))
    page = text_of(manager.get(url))
    for words in ("Zoë", "120 points end now", "1 note by staff goes", "Erase for good"):
        assert words in page
    assert "This field is required" in text_of(manager.post(url, {"reason": ""}))
    assert Member.objects.get(pk=of.pk).email == "zoe@shop.example"

    page = text_of(manager.post(url, {"reason": "asked"}, follow=True))
    for words in ("Erased.", "erased", of.number, "The membership was erased, and the points"):
        assert words in page
    for words in ("Zoë", "zoe@shop.example", url):
        assert words not in page
    record = AuditRecord.objects.get(operation="member.erase")
    assert (record.person.name, record.detail["reason"]) == ("manager", "asked")
    assert of.number not in text_of(manager.get(f"{BASE}/members/"))
    assert "Member erased" in text_of(manager.get(f"{BASE}/trail/"))
    assert "There is no such member" in text_of(manager.get(url))


@pytest.mark.parametrize("role", ["clerk", "card desk", "marketer", "auditor"])
def test_other_roles_neither_see_the_button_nor_the_page(role: str):
    client, of = staff(role), member(programme())
    url = f"{BASE}/members/{of.pk}/erase/"
    assert url not in text_of(client.get(f"{BASE}/members/{of.pk}/"))
    assert client.post(url, {"reason": "asked"}).status_code != 200
    assert Member.objects.get(pk=of.pk).status == "active"


def test_what_is_in_the_way_is_said():
    manager, of = staff("manager"), member(programme())
    adjust(manager, of, 120, confirm="1")
    posting.post([make_plan(ProgrammeVersion.objects.get(), of, Hold(POINTS, 10))], recorded_at=NOW)
    page = text_of(manager.get(f"{BASE}/members/{of.pk}/erase/"))
    assert "10 points are reserved for an open checkout" in page
    assert "Erase for good" not in page


def test_taking_back_what_took_two_becomes_a_request():
    clerk, manager, of = staff("clerk"), staff("manager"), member(programme())
    adjust(clerk, of, 2_000, confirm="1")
    asked = Request.objects.get()
    manager.post(f"{BASE}/requests/{asked.pk}/", {"approve": "1"})
    page = text_of(clerk.get(f"{BASE}/members/{of.pk}/"))
    url = f"{BASE}/members/undo/"
    entry = page.partition(url)[2].partition("/")[0]
    page = text_of(clerk.get(f"{url}{entry}/"))
    assert "so taking it back takes one, too" in page
    assert "Ask for approval" in page
    assert "This now waits for another person" in text_of(clerk.post(f"{url}{entry}/", follow=True))
    assert Balance.objects.get(member=of, unit=POINTS).available == 2_000
    waiting = Request.objects.get(status="waiting")
    page = text_of(manager.get(f"{BASE}/requests/{waiting.pk}/"))
    assert "The adjustment took a second person" in page
    manager.post(f"{BASE}/requests/{waiting.pk}/", {"approve": "1"})
    assert Balance.objects.get(member=of, unit=POINTS).available == 0


def test_part_of_an_address_finds_its_member():
    owner, club = staff("owner"), programme()
    of, other = member(club, email="ming.li@tea.example"), member(club, email="zoe@shop.example")
    page = text_of(owner.get(f"{BASE}/members/", {"q": "li@TEA"}))
    assert of.number in page
    assert other.number not in page
    assert "part of a name or e-mail" in page
