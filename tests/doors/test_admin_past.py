"""Points for past orders in the back office: the cost before anything is issued, by whom it is accepted, what came of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.past import PastCost, PastPoints
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import RoleLimit
from loyalty_plugin.services.history import accepting, costing
from tests.doors.test_admin import BASE, staff, text_of
from tests.factories import NOW, member, programme, realm
from tests.services.historykit import PagedShop
from tests.services.test_past_points import brought_in, past_orders, shop

__all__ = ["shop"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def club(shop: PagedShop) -> Iterator[Programme]:
    """Anaïs would get 150 points, Zoë 70."""
    made = programme(starts_at=NOW)
    brought_in(shop, past_orders(member(made, name="Anaïs"), 10_000, 5_000))
    brought_in(shop, past_orders(member(made, name="=Zoë"), 7_000))
    return made


def url(more: str = "") -> str:
    return f"{BASE}/past/{realm().pk}/{more}"


def reckoned(owner: Client) -> None:
    owner.post(url())
    costing.reckon_open()


def test_nothing_is_issued_until_somebody_accepts(club: Programme):
    owner = staff("owner")
    assert owner.get(f"{BASE}/past/").url == url()
    page = text_of(owner.get(url()))
    assert "3 orders from before the programme brought no points yet." in page
    assert "Nothing is issued until you accept." in page
    assert "from Nov. 22, 2025 to Nov. 25, 2025" in page
    assert "Work out what they would cost" in page
    owner.post(url())
    page = text_of(owner.get(url()))
    assert "0 of 3 orders looked at." in page
    assert "data-lp-refresh" in page
    costing.reckon_open()
    page = text_of(owner.get(url(), {"worth": "0.01"}))
    assert "220" in page
    assert "2.20 EUR" in page
    assert page.index("Anaïs") < page.index("Zoë")
    assert "Work it out anew" in page
    assert "data-lp-refresh" not in page
    assert not Entry.objects.exists()


def test_a_worth_that_is_none_is_said_to_be_so(club: Programme):
    owner = staff("owner")
    reckoned(owner)
    page = text_of(owner.get(url(), {"worth": "many"}))
    assert "Enter a number." in page
    assert "Liability" not in page


def test_accepting_shows_the_consequence_and_what_came_of_it(club: Programme):
    owner = staff("owner")
    reckoned(owner)
    page = text_of(owner.get(url("accept/")))
    assert "This is what will happen" in page
    assert "Issue 220 points" in page
    page = text_of(owner.post(url("accept/"), {"total": "220"}, follow=True))
    assert "Accepted. The points are being issued." in page
    assert "0 of 220 points issued." in page
    accepting.issue_open()
    page = text_of(owner.get(url()))
    assert "220 points were issued to 2 members" in page
    assert "No past order is without its points." in page
    assert "Accepted" in page  # the trail
    assert owner.get(url("accept/")).status_code == 200
    assert "Nothing was accepted" in text_of(owner.post(url("accept/"), {"total": "220"}, follow=True))
    assert PastPoints.objects.count() == 1


@pytest.mark.parametrize("total", ["219", "", "many", "-220"])
def test_another_total_than_the_one_shown_accepts_nothing(club: Programme, total: str):
    owner = staff("owner")
    reckoned(owner)
    page = text_of(owner.post(url("accept/"), {"total": total}, follow=True))
    assert "Nothing was accepted" in page
    assert not PastPoints.objects.exists()


def test_past_orders_that_came_since_are_told_and_not_accepted(club: Programme, shop: PagedShop):
    owner = staff("owner")
    reckoned(owner)
    brought_in(shop, past_orders(member(club), 100))
    page = text_of(owner.get(url()))
    assert "Past orders came or went since this was worked out." in page
    assert "Accept…" not in page


def test_above_the_limit_it_becomes_a_request_to_another_person(club: Programme):
    owner = staff("owner")
    RoleLimit.objects.filter(operation="points.past").update(once=100)
    reckoned(owner)
    assert "You may accept up to 100 points for past orders alone." in text_of(owner.get(url("accept/")))
    owner.post(url("accept/"), {"total": "220"})
    page = text_of(owner.get(url()))
    assert "220 points wait for another person to agree." in page
    assert "Work it out anew" not in page
    manager = staff("manager")
    request = f"{BASE}/requests/{Request.objects.get().pk}/"
    page = text_of(manager.get(request))
    assert "3 orders of 2 members from before the programme. One person may accept up to 100 points." in page
    assert "The points are being issued." in text_of(manager.post(request, {"approve": "1"}, follow=True))
    accepting.issue_open()
    assert "220 points were issued" in text_of(owner.get(url()))


def test_what_another_person_refused_is_not_issued(club: Programme):
    owner = staff("owner")
    RoleLimit.objects.filter(operation="points.past").update(once=100)
    reckoned(owner)
    owner.post(url("accept/"), {"total": "220"})
    staff("manager").post(f"{BASE}/requests/{Request.objects.get().pk}/", {"reject": "1"})
    page = text_of(owner.get(url()))
    assert "220 points were asked for and not agreed to." in page
    assert "Accept…" in page


def test_everybody_who_would_get_something_is_listed_found_and_downloaded(club: Programme):
    owner = staff("owner")
    assert owner.get(url("members/")).status_code == 404
    reckoned(owner)
    page = text_of(owner.get(url("members/")))
    assert page.index("Anaïs") < page.index("Zoë")
    assert "Anaïs" not in text_of(owner.get(url("members/results/"), {"q": "Zoë"}))
    answer = owner.get(url("members.csv"))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][:4] == ["Number", "Name", "Points", "Orders"]
    assert [row[1:] for row in rows[1:]] == [
        ["Anaïs", "150", "2", "0", "0"],
        ["'=Zoë", "70", "1", "0", "0"],
    ]
    assert AuditRecord.objects.get(operation="points.past_list").outcome == "done"


@pytest.mark.parametrize(
    ("role", "sees", "reckons", "accepts"),
    [("clerk", 302, 302, 302), ("auditor", 200, 302, 302), ("manager", 200, 302, 302)],
)
def test_who_may_do_what(club: Programme, role: str, sees: int, reckons: int, accepts: int):
    reckoned(staff("owner"))
    PastCost.objects.update(done=3)
    other = staff(role)
    assert other.get(url()).status_code == sees
    assert other.get(url("accept/")).status_code == accepts
    assert other.post(url("accept/"), {"total": "220"}).status_code == accepts
    assert other.post(url()).status_code == reckons
    assert PastCost.objects.filter(done=0).exists() == (role == "manager")
    assert not PastPoints.objects.exists()
    if role == "auditor":
        page = text_of(other.get(url()))
        assert "An owner can accept it." in page
        assert "Work it out anew" not in page


def test_whoever_may_not_look_members_up_sees_no_names(club: Programme):
    reckoned(staff("owner"))
    auditor = staff("auditor")
    Group.objects.get(name__endswith="auditor").permissions.remove(
        Permission.objects.get(codename="view_members")
    )
    assert "Anaïs" not in text_of(auditor.get(url()))
    for page in ("members/", "members.csv"):
        assert auditor.get(url(page)).status_code in (302, 403)
    assert not AuditRecord.objects.filter(operation="points.past_list").exists()


def test_where_nothing_was_brought_in_it_says_how(shop: PagedShop):
    programme(starts_at=NOW)
    page = text_of(staff("owner").get(url()))
    assert "loyalty_backfill" in page
    assert "Work out what they would cost" not in page


def test_of_several_saleors_one_is_chosen_and_without_any_that_is_said(shop: PagedShop):
    owner = staff("owner")
    assert "No Saleor is connected yet." in text_of(owner.get(f"{BASE}/past/"))
    for host in ("one", "two"):
        Realm.objects.create(api_url=f"https://{host}.example/graphql/")
    page = text_of(owner.get(f"{BASE}/past/"))
    assert "one.example" in page
    assert "two.example" in page
    assert owner.get(f"{BASE}/past/999999/").status_code == 404


def test_a_run_that_stopped_says_what_is_left(club: Programme):
    owner = staff("owner")
    PastPoints.objects.create(
        realm=realm(), status="stopped", points=300, posted=150, members=2, orders=3, accepted_at=NOW
    )
    assert "It stopped: 150 of 300 points were issued" in text_of(owner.get(url()))
    costing.begin(SYSTEM, realm_id=realm().pk)
    PastCost.objects.update(status="failed", error="currency_mismatch")
    page = text_of(owner.get(url()))
    assert "It could not be worked out." in page
    assert "currency_mismatch" in page
