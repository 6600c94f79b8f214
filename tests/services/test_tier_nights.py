"""The night's judging of tiers: everybody due once, in lanes and batches, and told once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from loyalty_plugin.domain.tiers.history import purchase
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.members import Member, TierEvent
from loyalty_plugin.services import tiers
from tests.factories import NOW, member, programme

TODAY = date(2026, 3, 2)


def due_members(count: int) -> list[Member]:
    """Members of two programmes, due today, every second with orders that make them premium."""
    clubs = programme(), programme(code="other")
    members = [member(clubs[number % 3 == 0]) for number in range(count)]
    tiers.add_facts(
        (one.pk, fact)
        for one in members[::2]
        for fact in purchase(TODAY - timedelta(days=3), f"order {one.pk}", spend=50_000)
    )
    Member.objects.update(tier_due=TODAY)
    return members


@pytest.mark.usefixtures("fresh_db")
def test_lanes_judge_everybody_once() -> None:
    members = due_members(20)
    assert tiers.recompute_due(now=NOW, batch=3, lanes=3) == 20
    assert tiers.recompute_due(now=NOW, batch=3, lanes=3) == 0
    assert [one.tier for one in Member.objects.order_by("pk")] == ["premium", "basic"] * 10
    assert list(JobRun.objects.order_by("pk").values_list("name", "status", "done")) == [
        ("tiers", "done", 20),
        ("tiers", "done", 0),
    ]
    rose = TierEvent.objects.filter(kind="entered", tier="premium").values_list("member_id", flat=True)
    assert sorted(rose) == [one.pk for one in members[::2]]


@pytest.mark.django_db
def test_a_job_stops_at_its_limit_and_the_next_goes_on() -> None:
    due_members(7)
    assert tiers.recompute_due(now=NOW, limit=5, batch=2) == 5
    assert Member.objects.filter(tier_due__lte=TODAY).count() == 2
    assert tiers.recompute_due(now=NOW, batch=2) == 2


@pytest.mark.django_db
def test_a_killed_job_goes_on_where_it_was() -> None:
    due_members(4)
    run = JobRun.objects.create(name="tiers", started_at=NOW, beat_at=NOW, done=3)
    assert tiers.recompute_due(now=NOW) == 4
    run.refresh_from_db()
    assert (run.status, run.done) == ("done", 7)
