"""What a draft would do, reckoned before it is published: who would lose what, both ways, over kills and changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_plugin import tasks
from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.errors import PermissionDenied, PreviewNeeded
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.previews import DraftPreview, PreviewLine
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.services import previews, programmes
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, TIERS, document, member, order, programme

pytestmark = pytest.mark.django_db

PERKS = [{"id": "price", "perk": "tier_discount", "params": {"rates": {"premium": 1000, "vip": 1500}}}]


def stricter(**changes: Any) -> dict[str, Any]:
    tiers = [TIERS[0], {**TIERS[1], "entry": [[{"metric": "spend", "at_least": 90_000}]]}, TIERS[2]]
    return document(tiers=tiers, **changes)


def draft_of(club: Programme, rules: dict[str, Any]) -> ProgrammeVersion:
    return programmes.save_draft(SYSTEM, programme_id=club.pk, document=rules, now=NOW)


def risen(club: Programme, **known: Any) -> Member:
    """A member in premium since twenty days ago."""
    of = member(club, now=NOW - timedelta(days=30), **known)
    at = NOW - timedelta(days=20)
    apply_orders([order(of, 40_000, at=at)], now=at)
    return of


def look(draft: ProgrammeVersion, **more: Any) -> DraftPreview:
    found = previews.look(SYSTEM, version_id=draft.pk, **{"starts_at": NOW, "now": NOW, **more})
    assert found is not None
    return found


def test_both_ways_are_reckoned():
    club = programme()
    of = risen(club)
    member(club)
    found = look(draft_of(club, stricter()))
    assert (found.status, found.looked_at, found.total) == ("ready", 2, 2)
    assert found.moves == {"kept": {}, "at_once": {"premium|basic": 1}}
    assert found.losing == {"kept": 0, "at_once": 1}
    line = PreviewLine.objects.get(preview=found)
    assert (line.member, line.before, line.kept, line.at_once) == (of, "premium", "premium", "basic")
    assert (line.loses_kept, line.loses_at_once) == (False, True)


def test_who_keeps_the_tier_but_loses_its_perk_is_listed():
    club = programme(document(perks=PERKS))
    of = risen(club)
    member(club)
    found = look(draft_of(club, document()))
    assert found.moves == {"kept": {}, "at_once": {}}
    line = PreviewLine.objects.get(preview=found)
    assert (line.member, line.kept, line.loses_kept, line.loses_at_once) == (of, "premium", True, True)


@pytest.mark.parametrize(("rate", "losing"), [(999, 1), (1000, 0), (1001, 0)])
def test_a_smaller_perk_is_a_loss_and_a_larger_one_is_not(rate, losing):
    club = programme(document(perks=PERKS))
    risen(club)
    perks = [{**PERKS[0], "params": {"rates": {"premium": rate, "vip": 1500}}}]
    assert look(draft_of(club, document(perks=perks))).losing == {"kept": losing, "at_once": losing}


def test_a_perk_that_is_narrowed_is_a_loss():
    club = programme(document(perks=PERKS))
    risen(club)
    narrowed = [{**PERKS[0], "when": {"weekdays": ["mon"]}}]
    assert look(draft_of(club, document(perks=narrowed))).losing["kept"] == 1


def test_who_will_drop_sooner_is_listed_with_the_day():
    keep = [[{"metric": "spend", "at_least": 1_000}]]
    year = {"kind": "rolling", "months": 12}
    easy = [TIERS[0], {**TIERS[1], "keep": keep, "keep_window": year}, TIERS[2]]
    club = programme(document(tiers=easy))
    of = risen(club)
    at = NOW - timedelta(days=1)
    apply_orders([order(of, 2_000, at=at)], now=at)
    harder = [TIERS[0], {**TIERS[1], "lasts": {"kind": "for", "months": 1}}, TIERS[2]]
    found = look(draft_of(club, document(tiers=harder)), starts_at=NOW + timedelta(days=1))
    line = PreviewLine.objects.get(preview=found)
    assert line.loses_kept
    assert line.drops_to == "basic"
    assert line.drops_on is not None


def test_it_is_kept_as_long_as_the_draft_is_the_same_and_reckoned_anew_when_it_changes():
    club = programme()
    risen(club)
    draft = draft_of(club, stricter())
    first = look(draft)
    assert look(draft).pk == first.pk
    assert look(draft_of(club, stricter(tier_settings={"re_evaluate": True}))).pk == first.pk
    other = look(draft_of(club, document()))
    assert other.pk != first.pk
    assert other.losing == {"kept": 0, "at_once": 0}
    first.refresh_from_db()
    assert first.status == "obsolete"
    previews.clear_away()
    assert not DraftPreview.objects.filter(pk=first.pk).exists()
    assert look(draft, starts_at=NOW + timedelta(days=1)).pk != other.pk


def test_it_is_reckoned_anew_when_somebody_asks():
    club = programme()
    of = risen(club)
    draft = draft_of(club, stricter())
    first = look(draft)
    Member.objects.filter(pk=of.pk).update(status="erased")
    again = look(draft, again=True)
    assert (first.losing["at_once"], again.losing["at_once"]) == (1, 0)


def test_publishing_needs_a_preview_of_exactly_this_draft():
    club = programme()
    risen(club)
    draft = draft_of(club, stricter())
    with pytest.raises(PreviewNeeded):
        programmes.publish(SYSTEM, version_id=draft.pk, now=NOW)
    look(draft)
    draft_of(club, document(negative="refuse"))
    with pytest.raises(PreviewNeeded) as refused:
        programmes.publish(SYSTEM, version_id=draft.pk, now=NOW)
    assert refused.value.details == {"first_day": "2026-03-02"}
    look(draft)
    later = NOW + timedelta(days=1)
    with pytest.raises(PreviewNeeded):
        programmes.publish(SYSTEM, version_id=draft.pk, now=NOW, starts_at=later)
    draft.refresh_from_db()
    assert draft.status == "draft"
    look(draft, starts_at=later)
    programmes.publish(SYSTEM, version_id=draft.pk, now=NOW, starts_at=later, judge_at_once=True)
    draft.refresh_from_db()
    assert (draft.status, draft.document["tier_settings"]["re_evaluate"]) == ("published", True)


def test_the_first_version_needs_none():
    draft = programmes.create_programme(
        SYSTEM, code="first", name="F", currency="EUR", timezone="UTC", document=document(), now=NOW
    )
    assert previews.look(SYSTEM, version_id=draft.pk, starts_at=NOW, now=NOW) is None
    assert programmes.publish(SYSTEM, version_id=draft.pk, now=NOW).number == 1


def test_a_large_programme_is_reckoned_by_the_job(monkeypatch):
    monkeypatch.setattr(previews, "AT_ONCE", 0)
    monkeypatch.setattr(previews, "_BATCH", 2)
    club = programme()
    for _ in range(5):
        risen(club)
    draft = draft_of(club, stricter())
    found = look(draft)
    assert (found.status, found.looked_at, found.total) == ("running", 0, 5)
    with pytest.raises(PreviewNeeded):
        programmes.publish(SYSTEM, version_id=draft.pk, now=NOW)
    assert previews.reckon_some(now=NOW) == 2
    found.refresh_from_db()
    assert (found.status, found.looked_at) == ("running", 2)
    tasks.reckon_previews()
    found.refresh_from_db()
    assert (found.status, found.looked_at, found.losing["at_once"]) == ("ready", 5, 5)
    assert PreviewLine.objects.filter(preview=found).values("member").distinct().count() == 5
    run = JobRun.objects.get(name="previews")
    assert (run.status, run.done, run.total) == ("done", 3, 3)


def test_a_draft_that_changes_under_the_job_is_given_up(monkeypatch):
    monkeypatch.setattr(previews, "AT_ONCE", 0)
    monkeypatch.setattr(previews, "_BATCH", 2)
    club = programme()
    for _ in range(3):
        risen(club)
    found = look(draft_of(club, stricter()))
    previews.reckon_some(now=NOW)
    draft_of(club, document())
    assert previews.reckon_some(now=NOW) == 0
    found.refresh_from_db()
    assert found.status == "obsolete"
    tasks.reckon_previews()
    assert not PreviewLine.objects.exists()


def test_without_the_permission_nothing_is_reckoned():
    club = programme()
    draft = draft_of(club, stricter())
    clerk = Actor(ActorKind.STAFF, "user:1", permissions=frozenset({"view_members"}))
    with pytest.raises(PermissionDenied):
        previews.look(clerk, version_id=draft.pk, starts_at=NOW, now=NOW)


def test_it_costs_the_same_queries_for_few_and_for_many(django_assert_max_num_queries):
    club = programme()
    for _ in range(20):
        member(club)
    draft = draft_of(club, stricter())
    with django_assert_max_num_queries(30):
        look(draft)
