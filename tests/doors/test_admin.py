"""The back office as staff use it: what each role may open, the consequence before the act, a second person above limits."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person, RoleScope
from loyalty_plugin.services import roles
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, gift, member, order, programme, realm, reserve

pytestmark = pytest.mark.django_db

BASE = "/admin/membership"


@pytest.fixture(autouse=True)
def _frozen_clock(monkeypatch):
    from loyalty_plugin import registry

    class Frozen:
        def now(self):
            return NOW

    before = registry.ports._clock
    registry.bind(clock=Frozen())
    yield
    registry.ports._clock = before


def staff(role: str, name: str = "") -> Client:
    roles.create_roles()
    user = get_user_model().objects.create_user(name or role)
    user.groups.add(Group.objects.get(name=f"{roles.PREFIX}{role}"))
    RoleScope.objects.create(person=Person.objects.create(name=name or role, user=user), role=role)
    client = Client()
    client.force_login(user)
    return client


def adjust(client: Client, of, amount: int, **more):
    data = {"amount": amount, "reason": "goodwill", "words": "", "key": str(uuid.uuid4()), **more}
    return client.post(f"{BASE}/members/{of.pk}/adjust/", data)


def text_of(response) -> str:
    return response.content.decode()


def test_a_clerk_sees_the_consequence_before_it_happens():
    clerk, of = staff("clerk"), member(programme())
    page = text_of(adjust(clerk, of, 120))
    assert "This is what will happen" in page
    assert "120 points" in page
    assert not Entry.objects.exists()
    done = adjust(clerk, of, 120, confirm="1")
    assert done.url == f"{BASE}/members/{of.pk}/"
    assert Balance.objects.get(member=of, unit=POINTS).available == 120


def test_above_the_limit_another_person_decides():
    clerk, manager, of = staff("clerk"), staff("manager"), member(programme())
    page = text_of(adjust(clerk, of, 501))
    assert "You may adjust up to 500 points at once. This becomes a request to a manager." in page
    adjust(clerk, of, 501, confirm="1")
    asked = Request.objects.get()
    url = f"{BASE}/requests/{asked.pk}/"
    assert "Your role does not include deciding" in text_of(clerk.get(url))
    clerk.post(url, {"approve": "1"})
    assert not Entry.objects.exists()
    assert "Approve and post" in text_of(manager.get(url))
    manager.post(url, {"approve": "1"})
    assert Balance.objects.get(member=of, unit=POINTS).available == 501
    assert {r.outcome for r in AuditRecord.objects.filter(request=asked)} == {"asked", "approved"}


def test_a_manager_does_not_decide_their_own_request():
    manager, of = staff("manager"), member(programme())
    adjust(manager, of, 20_001, confirm="1")
    url = f"{BASE}/requests/{Request.objects.get().pk}/"
    assert "You asked for this yourself" in text_of(manager.get(url))
    page = manager.post(url, {"approve": "1"}, follow=True)
    assert "You asked for this yourself" in text_of(page)
    assert not Entry.objects.exists()


def test_money_paid_by_hand_is_confirmed_as_money():
    manager = staff("manager")
    of = member(programme(document(hand_paid="counts")))
    apply_orders([order(of, 12_300, number="1042", paid_by_hand=12_300)], now=NOW)
    asked = Request.objects.get()
    url = f"{BASE}/requests/{asked.pk}/"
    page = text_of(manager.get(url))
    assert "123.00 EUR" in page
    assert "Order 1042 was declared as paid" in page
    assert "The money came in" in page
    assert "123.00 EUR" in text_of(manager.get(f"{BASE}/requests/"))
    done = text_of(manager.post(url, {"approve": "1"}, follow=True))
    assert "The order earns as soon as it has been read anew." in done
    assert OrderRecord.objects.get().vouched == 12_300
    assert not Entry.objects.exists()


def test_what_counted_within_the_day_is_said_where_it_is_why_somebody_is_asked():
    terms = document(hand_paid="counts", hand_paid_limit=5_000, hand_paid_daily=8_000)
    of = member(programme(terms))
    apply_orders([order(of, 5_000, paid_by_hand=5_000) for _ in range(2)], now=NOW)
    page = text_of(staff("manager").get(f"{BASE}/requests/{Request.objects.get().pk}/"))
    assert "Within a day 80.00 EUR may count without asking; 50.00 EUR were counted already." in page


def test_rejecting_posts_nothing():
    clerk, manager, of = staff("clerk"), staff("manager"), member(programme())
    adjust(clerk, of, 501, confirm="1")
    manager.post(f"{BASE}/requests/{Request.objects.get().pk}/", {"reject": "1"})
    assert Request.objects.get().status == "rejected"
    assert not Entry.objects.exists()


def test_an_adjustment_is_taken_back_once():
    clerk, of = staff("clerk"), member(programme())
    adjust(clerk, of, 120, confirm="1")
    url = f"{BASE}/members/undo/{Entry.objects.get().pk}/"
    assert "120 points were booked" in text_of(clerk.get(url))
    clerk.post(url)
    assert Balance.objects.get(member=of, unit=POINTS).available == 0
    clerk.post(url)
    assert Entry.objects.count() == 2


def test_what_was_taken_returns_with_its_expiry():
    from loyalty_plugin.models.ledger import Lot

    clerk, of = staff("clerk"), member(programme())
    adjust(clerk, of, 120, confirm="1")
    adjust(clerk, of, -50, confirm="1")
    clerk.post(f"{BASE}/members/undo/{Entry.objects.latest('pk').pk}/")
    assert Balance.objects.get(member=of, unit=POINTS).available == 120
    assert len(set(Lot.objects.values_list("expires_at", flat=True))) == 1


@pytest.mark.parametrize("amount", ["", "0", "1.5", "abc", str(10**20)])
def test_a_bad_amount_is_said_at_the_field(amount):
    clerk, of = staff("clerk"), member(programme())
    page = adjust(clerk, of, amount, confirm="1")
    assert page.status_code == 200
    assert "error" in text_of(page)
    assert not Entry.objects.exists()


def test_more_than_there_is_can_not_be_taken():
    clerk, of = staff("clerk"), member(programme())
    page = adjust(clerk, of, -10, confirm="1")
    assert "Only 0 points are available" in text_of(page)


PAGES = ["overview/", "members/", "requests/", "programme/", "operations/", "trail/"]


@pytest.mark.parametrize(
    ("role", "open_pages"),
    [
        ("clerk", {"overview/", "members/", "requests/"}),
        ("card desk", {"overview/", "members/"}),
        ("marketer", {"overview/", "members/", "programme/"}),
        ("auditor", {"overview/", "members/", "operations/", "trail/"}),
        ("manager", set(PAGES)),
        ("owner", set(PAGES)),
    ],
)
def test_each_role_opens_its_pages_and_no_others(role, open_pages):
    client = staff(role)
    opened = {page for page in PAGES if client.get(f"{BASE}/{page}").status_code == 200}
    assert opened == open_pages


def test_the_menu_shows_only_what_opens():
    page = text_of(staff("clerk").get(f"{BASE}/members/"))
    assert "/admin/membership/members/" in page
    assert "/admin/membership/trail/" not in page


def test_strangers_are_asked_to_log_in():
    assert Client().get(f"{BASE}/members/").url.startswith("/admin/login/")


def test_every_page_renders_with_data():
    owner, club = staff("owner"), programme()
    of = member(club, name="Нина " + "Константинопольская-" * 12)
    member(club, name="王小明")
    apply_orders([order(of, 40_000)], now=NOW)
    adjust(owner, of, 100_001, confirm="1")
    for page in PAGES:
        assert owner.get(f"{BASE}/{page}").status_code == 200
    page = text_of(owner.get(f"{BASE}/members/{of.pk}/"))
    for words in ("On the way", "Why", "for 400.00 EUR", "Points by age", "Premium"):
        assert words in page


def test_members_are_found_by_what_people_say():
    owner, club = staff("owner"), programme()
    of = member(club, name="王小明", phone="+49301234567", email="ming@shop.example")
    other = member(club, name="Zoë Ångström")
    for text in (of.number, "030 1234567", "MING@shop.example", "小明"):
        page = text_of(owner.get(f"{BASE}/members/", {"q": text}))
        assert of.number in page
        assert other.number not in page
    assert "Nobody matches" in text_of(owner.get(f"{BASE}/members/", {"q": "nobody"}))


def test_the_list_costs_the_same_for_one_member_and_for_thirty():
    owner, club = staff("owner"), programme()

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            owner.get(f"{BASE}/members/")
        return len(seen)

    member(club)
    queries()
    few = queries()
    for _ in range(29):
        member(club)
    assert queries() == few


def test_a_programme_starts_from_a_preset_and_is_published():
    owner = staff("owner")
    realm()
    start = owner.post(
        f"{BASE}/programme/",
        {
            "preset": "fashion",
            "name": "Circle",
            "currency": "eur",
            "timezone": "Europe/Berlin",
            "channels": "main",
        },
    )
    version = ProgrammeVersion.objects.get()
    assert start.url == f"{BASE}/programme/{version.pk}/"
    assert Programme.objects.get().channels.get().slug == "main"
    assert owner.get(start.url).status_code == 200
    assert "What publishing does" in text_of(owner.get(f"{start.url}publish/"))
    owner.post(f"{start.url}publish/", {"note": "first"})
    version.refresh_from_db()
    assert (version.status, version.note) == ("published", "first")
    assert "never changes" in text_of(owner.get(start.url))


def test_a_draft_that_contradicts_itself_is_told_where_and_not_published():
    owner = staff("owner")
    draft = ProgrammeVersion.objects.get(programme=programme())
    bad = document()
    bad["earning"]["multipliers"][0]["params"] = {"rates": {"gold": "2"}}
    import json

    saved = owner.post(f"{BASE}/programme/{draft.pk}/", {"document": json.dumps(bad), "note": ""})
    page = text_of(owner.get(f"{saved.url}publish/"))
    assert "earning.multipliers.0" in page
    assert owner.post(f"{saved.url}publish/", {}).status_code == 200
    assert ProgrammeVersion.objects.filter(status="published").count() == 1


def test_nonsense_in_a_draft_loses_nothing():
    owner = staff("owner")
    draft = ProgrammeVersion.objects.get(programme=programme())
    for text in ("{", '{"tiers": []}', '{"unknown": 1}'):
        page = owner.post(f"{BASE}/programme/{draft.pk}/", {"document": text, "note": ""})
        assert page.status_code == 200
    assert ProgrammeVersion.objects.count() == 1


def test_before_publishing_it_lists_who_would_lose_a_tier():
    owner, club = staff("owner"), programme()
    of = member(club, now=NOW - timedelta(days=30))
    apply_orders([order(of, 40_000, at=NOW - timedelta(days=20))], now=NOW - timedelta(days=20))
    stricter = document(tier_settings={"re_evaluate": True})
    stricter["tiers"] = [dict(tier) for tier in stricter["tiers"]]
    stricter["tiers"][1]["entry"] = [[{"metric": "spend", "at_least": 90_000}]]
    from loyalty_plugin.domain.actors import SYSTEM
    from loyalty_plugin.services import programmes

    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=stricter, now=NOW)
    page = text_of(owner.get(f"{BASE}/programme/{draft.pk}/publish/"))
    assert "Premium" in page
    assert "Basic" in page


def failed_item() -> OutboxItem:
    return OutboxItem.objects.create(
        kind="checkout_prices",
        realm=realm(),
        target="t",
        desired={},
        status="failed",
        error="saleor_error",
        created_at=NOW,
        next_attempt_at=NOW,
    )


def test_an_auditor_sees_what_failed_and_tries_nothing_again():
    auditor = staff("auditor")
    item = failed_item()
    page = text_of(auditor.get(f"{BASE}/operations/"))
    assert "Try again" not in page
    auditor.post(f"{BASE}/operations/", {"item": f"out:{item.pk}"})
    item.refresh_from_db()
    assert item.status == "failed"


def test_what_failed_is_shown_with_its_reason_and_tried_again():
    owner = staff("owner")
    item = failed_item()
    assert "saleor_error" in text_of(owner.get(f"{BASE}/operations/"))
    owner.post(f"{BASE}/operations/", {"item": f"out:{item.pk}"})
    item.refresh_from_db()
    assert item.status == "waiting"
    assert not InboxItem.objects.exists()


def test_a_card_is_issued_and_printed():
    pytest.importorskip("weasyprint", reason="the extra [cards] is not installed")
    owner, of = staff("owner"), member(programme())
    owner.post(f"{BASE}/members/{of.pk}/card/")
    card = of.cards.get()
    pdf = owner.get(f"{BASE}/members/card/{card.pk}.pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")


def test_names_are_text_and_never_markup():
    owner, of = staff("owner"), member(programme(), name="<script>alert(1)</script>")
    for url in (f"{BASE}/members/", f"{BASE}/members/{of.pk}/", f"{BASE}/members/{of.pk}/adjust/"):
        assert "<script>alert(1)" not in text_of(owner.get(url))


def test_a_refunded_order_is_explained():
    owner, of = staff("owner"), member(programme())
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    later = NOW + timedelta(hours=1)
    apply_orders([replace(fact, charged=5_000, refunded=5_000, updated_at=later)], now=later)
    page = text_of(owner.get(f"{BASE}/members/{of.pk}/"))
    assert "Refund" in page
    assert "−50" in page


def test_staff_see_a_gift_and_not_its_code():
    of = member(programme())
    gift(of)
    page = staff("clerk").get(f"{BASE}/members/{of.pk}/")
    assert "House tea" in text_of(page)
    assert "GIFT-" not in page.content.decode()


def test_staff_see_what_is_reserved_and_until_when():
    of = member(programme())
    reserve(of, 40)
    text = text_of(staff("clerk").get(f"{BASE}/members/{of.pk}/"))
    assert "<dt>Reserved</dt><dd>40 <small>until 03/02/2026" in text
