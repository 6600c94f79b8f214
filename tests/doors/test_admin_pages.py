"""What the pages of the back office say: the programme's own days, states in words, and nothing where there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty_plugin.admin.words import CHIPS, DOORS, OPERATIONS, OUTCOMES
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import programmes
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.test_admin import BASE, _frozen_clock, adjust, staff, text_of
from tests.factories import NOW, document, member, order, programme

__all__ = ["_frozen_clock"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    ["members/999/", "members/999/adjust/", "members/undo/999/", "requests/999/", "programme/999/"],
)
def test_what_is_not_there_is_not_found(path):
    assert staff("owner").get(f"{BASE}/{path}").status_code == 404


def test_days_are_those_of_the_programme():
    owner = staff("owner")
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    of = member(programme(timezone="Asia/Tokyo", starts_at=late - timedelta(days=30)), now=late)
    apply_orders([order(of, 5_000, at=late)], now=late)
    page = text_of(owner.get(f"{BASE}/members/{of.pk}/"))
    assert "March 2, 2026" in page
    assert "Days are those of Asia/Tokyo." in page
    assert "March 2, 2026" in text_of(owner.get(f"{BASE}/members/"))


def test_a_start_is_entered_in_the_programmes_own_time():
    owner, club = staff("owner"), programme(timezone="Asia/Tokyo")
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=document(), now=NOW)
    start = {"starts_at": "2026-04-01 00:00", "note": ""}
    owner.post(f"{BASE}/programme/{draft.pk}/publish/", {**start, "look": "1"})
    owner.post(f"{BASE}/programme/{draft.pk}/publish/", start)
    draft.refresh_from_db()
    assert draft.starts_at == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert "published, begins later" in text_of(owner.get(f"{BASE}/programme/"))


def test_lists_are_filtered_and_their_results_come_alone():
    owner, club = staff("owner"), programme()
    rich, poor = member(club, name="Rich"), member(club, name="Poor")
    apply_orders([order(rich, 40_000)], now=NOW)
    page = text_of(owner.get(f"{BASE}/members/results/", {"tier": "premium"}))
    assert "Rich" in page
    assert "Poor" not in page
    assert "<html" not in page
    Member.objects.filter(pk=poor.pk).update(status="erased")
    assert "Poor" not in text_of(owner.get(f"{BASE}/members/"))
    assert "Poor" in text_of(owner.get(f"{BASE}/members/", {"state": "erased"}))


def test_requests_that_wait_come_first():
    clerk, manager, club = staff("clerk"), staff("manager"), programme()
    old, new = member(club, name="Asked first"), member(club, name="Asked last")
    adjust(clerk, old, 501, confirm="1")
    adjust(clerk, new, 502, confirm="1")
    manager.post(f"{BASE}/requests/{Request.objects.get(member=new).pk}/", {"reject": "1"})
    page = text_of(manager.get(f"{BASE}/requests/"))
    assert page.index("Asked first") < page.index("Asked last")
    assert "Asked first" not in text_of(manager.get(f"{BASE}/requests/", {"state": "rejected"}))


def test_a_request_shows_what_approving_it_would_do():
    clerk, manager, of = staff("clerk"), staff("manager"), member(programme())
    adjust(clerk, of, 400, confirm="1")
    adjust(clerk, of, 501, confirm="1")
    page = text_of(manager.get(f"{BASE}/requests/{Request.objects.get().pk}/"))
    for words in ("If it is approved", "400 points", "901 points"):
        assert words in page


def test_the_values_are_kept_when_somebody_changes_their_mind():
    clerk, of = staff("clerk"), member(programme())
    page = text_of(adjust(clerk, of, 321, words="because", change="1"))
    assert 'value="321"' in page
    assert "because" in page
    assert not Entry.objects.exists()


def test_a_second_undo_is_told_that_it_was_done():
    clerk, of = staff("clerk"), member(programme())
    adjust(clerk, of, 120, confirm="1")
    url = f"{BASE}/members/undo/{Entry.objects.get().pk}/"
    assert "Available afterwards" in text_of(clerk.get(url))
    clerk.post(url)
    assert "This was taken back already" in text_of(clerk.get(url, follow=True))
    page = text_of(clerk.get(f"{BASE}/members/{of.pk}/"))
    assert "taken back" in page
    assert url not in page


def test_orders_are_called_by_the_number_people_know():
    owner, of = staff("owner"), member(programme())
    apply_orders([order(of, 5_000, number="4711", order_id="T3JkZXI6OTk=")], now=NOW)
    page = text_of(owner.get(f"{BASE}/members/{of.pk}/"))
    assert "order 4711" in page
    assert "T3JkZXI6OTk=" not in page


def test_the_trail_names_people_and_things():
    owner, clerk, of = staff("owner"), staff("clerk", "Klara"), member(programme(), name="Zoë")
    adjust(clerk, of, 120, confirm="1")
    page = text_of(owner.get(f"{BASE}/trail/", {"what": "points.adjust"}))
    for words in ("Klara", "Zoë", "120 points", "Posted", "Back office"):
        assert words in page
    assert "points.adjust<" not in page


def test_every_state_and_outcome_has_words():
    states = [InboxItem, JobRun, Member, OutboxItem, Request]
    assert {state for model in states for state in model.Status.values} <= set(CHIPS)
    assert {"posted", "asked", "approved", "rejected", "withdrawn", "done"} <= set(OUTCOMES)
    assert all(str(words) for words in [*OPERATIONS.values(), *DOORS.values()])


def test_a_failed_job_is_told_in_words_with_the_log_below():
    JobRun.objects.create(
        name="verify",
        status="failed",
        started_at=NOW,
        beat_at=NOW,
        result={"entries": 12_000, "error": "Boom: x"},
    )
    JobRun.objects.create(
        name="seal", status="running", started_at=NOW, beat_at=NOW - timedelta(hours=1), done=3, total=10
    )
    page = text_of(staff("owner").get(f"{BASE}/operations/"))
    for words in (
        "Prove the ledger",
        "12,000 entries",
        "It stopped at an error",
        "Boom: x",
        "no sign of life",
        "30 %",
    ):
        assert words in page
