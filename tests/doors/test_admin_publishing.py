"""Publishing in the back office: who would lose what is shown, searched and downloaded before it can happen."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from loyalty_plugin.admin.downloads import safe_cell
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.previews import DraftPreview, PreviewLine
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.services import previews, programmes
from tests.doors.test_admin import BASE, _frozen_clock, staff, text_of
from tests.factories import NOW, TIERS, document, member, programme
from tests.services.test_previews import PERKS, draft_of, risen, stricter

__all__ = ["_frozen_clock"]

pytestmark = pytest.mark.django_db


def url_of(draft: ProgrammeVersion, page: str = "publish/") -> str:
    return f"{BASE}/programme/{draft.pk}/{page}"


def prepared(rules: dict[str, Any] | None = None, **known: Any) -> tuple[Programme, ProgrammeVersion]:
    club = programme(document(perks=PERKS))
    risen(club, **{"name": "Zoë", **known})
    return club, draft_of(club, rules or stricter())


def rows_of(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_members_who_would_lose_are_listed_by_name_with_what_and_when():
    _club, draft = prepared()
    owner = staff("owner")
    page = text_of(owner.get(url_of(draft)))
    for words in ("go from Premium to Basic", "Earned tiers kept", "Judged at once", "See who"):
        assert words in page
    page = text_of(owner.get(url_of(draft, "losers/")))
    for words in ("Zoë", "Premium", "Basic from March 2, 2026", "Tier discount: 10 % off"):
        assert words in page


def test_the_list_is_searched_filtered_and_paged():
    club, draft = prepared(stricter(perks=PERKS))
    risen(club, name="Anaïs")
    owner = staff("owner")
    owner.get(url_of(draft))
    page = text_of(owner.get(url_of(draft, "losers/results/"), {"q": "Ana"}))
    assert "Anaïs" in page
    assert "Zoë" not in page
    assert "Nobody matches" in text_of(owner.get(url_of(draft, "losers/"), {"way": "kept"}))
    assert "Zoë" in text_of(owner.get(url_of(draft, "losers/"), {"way": "at_once"}))


def test_the_list_is_downloaded_and_the_trail_says_so():
    _club, draft = prepared(name="=HYPERLINK(1)")
    owner = staff("owner")
    owner.get(url_of(draft))
    response = owner.get(url_of(draft, "losers.csv"))
    assert response["Content-Type"].startswith("text/csv")
    [row] = rows_of(response)
    assert row["Name"] == "'=HYPERLINK(1)"
    assert row["Tier now"] == "Premium"
    assert (row["If kept: tier"], row["If judged at once: tier"]) == ("Premium", "Basic")
    assert row["If judged at once: from"] == "2026-03-02"
    assert row["If judged at once: loses"] == "Tier discount: 10 % off"
    assert AuditRecord.objects.filter(operation="programme.losers").count() == 1


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1"])
def test_no_cell_is_a_formula(text):
    assert safe_cell(text) == f"'{text}"


def test_whoever_may_not_look_members_up_sees_no_names():
    _club, draft = prepared()
    previews.look(SYSTEM, version_id=draft.pk, starts_at=NOW, now=NOW)
    marketer = staff("marketer")
    Group.objects.get(name__endswith="marketer").permissions.remove(
        Permission.objects.get(codename="view_members")
    )
    assert marketer.get(url_of(draft, "losers/")).status_code == 302
    assert marketer.get(url_of(draft, "losers.csv")).status_code in (302, 403)
    assert not AuditRecord.objects.filter(operation="programme.losers").exists()


def test_nothing_to_list_before_it_was_reckoned():
    _club, draft = prepared()
    owner = staff("owner")
    assert owner.get(url_of(draft, "losers/")).url == url_of(draft)
    assert owner.get(url_of(draft, "losers.csv")).status_code == 404


def test_another_day_is_shown_before_it_is_published():
    club, draft = prepared()
    owner = staff("owner")
    owner.get(url_of(draft))
    form = {"starts_at": "2026-04-01 00:00", "tiers": "at_once", "note": "spring"}
    page = text_of(owner.post(url_of(draft), form))
    assert "Not published yet" in page
    assert "as of April 1, 2026" in page
    assert 'value="spring"' in page
    assert ProgrammeVersion.objects.filter(programme=club, status="published").count() == 1
    owner.post(url_of(draft), form)
    draft.refresh_from_db()
    assert (draft.status, draft.note) == ("published", "spring")
    assert draft.document["tier_settings"]["re_evaluate"] is True


def test_a_draft_saved_in_another_window_is_shown_again_first():
    club, draft = prepared()
    owner = staff("owner")
    owner.get(url_of(draft))
    programmes.save_draft(SYSTEM, programme_id=club.pk, document=stricter(negative="refuse"), now=NOW)
    page = text_of(owner.post(url_of(draft), {"tiers": "kept"}))
    assert "Not published yet" in page
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_it_is_reckoned_anew_on_demand():
    club, draft = prepared()
    owner = staff("owner")
    owner.get(url_of(draft))
    risen(club)
    owner.post(url_of(draft), {"look": "1", "tiers": "kept"})
    newest = DraftPreview.objects.latest("pk")
    assert (newest.looked_at, newest.losing["at_once"]) == (2, 2)


def test_a_long_reckoning_shows_how_far_it_is(monkeypatch):
    monkeypatch.setattr(previews, "AT_ONCE", 0)
    monkeypatch.setattr(previews, "_BATCH", 1)
    club, draft = prepared()
    risen(club)
    owner = staff("owner")
    page = text_of(owner.get(url_of(draft)))
    assert "0 of 2 members looked at" in page
    assert "data-lp-refresh" in page
    assert "as soon as a worker is free" in page
    previews.reckon_some(now=NOW + timedelta(minutes=3))
    page = text_of(owner.get(url_of(draft)))
    assert "1 of 2 members looked at" in page
    assert "Not published yet" in text_of(owner.post(url_of(draft), {"tiers": "kept"}))
    while previews.reckon_some(now=NOW):
        pass
    page = text_of(owner.get(url_of(draft)))
    assert "See who" in page
    assert "data-lp-refresh" not in page


def test_perks_earning_and_terms_are_told_in_words_before_and_after():
    rules = stricter(
        perks=[{**PERKS[0], "params": {"rates": {"premium": 500}}}],
        benefits=[{"text": {"en": "Free alterations"}, "tiers": ["vip"]}],
        pending={"starts": "fulfilment", "window_days": 30},
        expiry={"kind": "after", "months": 6},
    )
    rules["earning"] = {
        "rules": [
            {"id": "base", "rule": "amount", "params": {"points": 1, "per": "2.00"}},
            {"id": "welcome", "rule": "welcome", "params": {"points": 70, "at": "verified"}},
        ],
    }
    _club, draft = prepared(rules)
    page = text_of(staff("owner").get(url_of(draft)))
    for words in (
        "Tier discount: 5 % off instead of 10 % off",
        "Ends:</span> Tier discount: 15 % off",
        "New:</span> Free alterations",
        "An order of 100.00 EUR as Premium",
        "200 points: 100 for 100.00 EUR at 1 point per 1.00 EUR, ×2 as Premium.",
        "50 points for 100.00 EUR at 1 point per 2.00 EUR.",
        "A verified contact",
        "14 days from payment",
        "30 days from fulfilment",
        "12 months after they were earned",
        "6 months after they were earned",
        "To reach Premium",
        "300.00 EUR in 12 months",
        "900.00 EUR in 12 months",
        "Multiplier: By tier",
        "Welcome points",
    ):
        assert words in page, words


def test_the_day_with_a_multiplier_is_shown_beside_an_ordinary_one():
    club = programme()
    rules = document()
    rules["earning"]["multipliers"] = [
        {
            "id": "day",
            "multiplier": "member_day",
            "params": {"day": {"kind": "day_of_month", "day": 8}, "rate": "3"},
        }
    ]
    page = text_of(staff("owner").get(url_of(draft_of(club, rules))))
    assert "An order of 100.00 EUR as Basic on March 8, 2026" in page
    assert "×3 on the member day" in page


def test_a_currency_without_decimals_gets_an_order_that_tells_something():
    club = programme(
        document(earning={"rules": [{"id": "b", "rule": "amount", "params": {"points": 1, "per": "150"}}]}),
        currency="JPY",
    )
    rules = document(
        earning={"rules": [{"id": "b", "rule": "amount", "params": {"points": 1, "per": "200"}}]}
    )
    assert "An order of 10,000 JPY" in text_of(staff("owner").get(url_of(draft_of(club, rules))))


def test_the_first_version_has_nobody_to_lose_anything():
    draft = programmes.create_programme(
        SYSTEM, code="first", name="F", currency="EUR", timezone="UTC", document=document(), now=NOW
    )
    page = text_of(staff("owner").get(url_of(draft)))
    assert "This is the first version" in page
    assert "Tiers that were earned" not in page
    assert "An order of 100.00 EUR as Basic" in page


def test_a_tier_that_is_gone_is_named():
    earning = {"rules": [{"id": "base", "rule": "amount", "params": {"points": 1, "per": "1.00"}}]}
    _club, draft = prepared(document(tiers=[TIERS[0], TIERS[2]], earning=earning))
    owner = staff("owner")
    page = text_of(owner.get(url_of(draft)))
    assert "go from Premium to Basic" in page
    assert "no such tier" in page
    assert PreviewLine.objects.get().before == "premium"


def test_what_was_published_is_not_published_again():
    club, draft = prepared()
    published = club.versions.exclude(pk=draft.pk).get()
    assert staff("owner").get(url_of(published)).url == f"{BASE}/programme/{published.pk}/"


@pytest.mark.parametrize("moment", ["x", "2026-13-45T00:00", "9999-12-31T23:59:59", "2026-04-01T00:00"])
def test_any_moment_in_the_address_opens_the_page(moment):
    _club, draft = prepared()
    assert staff("owner").get(url_of(draft), {"from": moment}).status_code == 200


@pytest.mark.parametrize("button", [{}, {"look": "1"}])
@pytest.mark.parametrize("starts_at", ["9999-12-31 23:00", "1900-01-01 00:00", "tomorrow"])
def test_a_start_that_can_not_be_is_said_and_nothing_is_published(starts_at, button):
    _club, draft = prepared()
    answer = staff("owner").post(url_of(draft), {"starts_at": starts_at, "tiers": "kept", **button})
    assert answer.status_code == 200
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_each_choice_says_how_many_would_lose_by_it():
    _club, draft = prepared(stricter(perks=PERKS))
    page = text_of(staff("owner").get(url_of(draft)))
    assert "Keep them until their period ends: nobody loses anything" in page
    assert "Judge them by the new rules on the first day: 1 member loses something" in page


def test_what_stands_against_a_later_day_is_said_for_that_day():
    campaign = {"code": "sale", "name": {"en": "Sale"}, "until_day": "2026-03-20"}
    rules = document(perks=PERKS)
    rules["earning"]["campaigns"] = [campaign]
    rules["earning"]["multipliers"] += [
        {"id": "sale", "multiplier": "campaign", "params": {}, "campaign": "sale"}
    ]
    _club, draft = prepared(rules)
    page = text_of(staff("owner").post(url_of(draft), {"starts_at": "2026-04-01 00:00", "tiers": "kept"}))
    assert "Campaign “Sale”: It is over before this version comes into force." in page


def test_a_start_before_the_last_version_says_when_that_began():
    _club, draft = prepared()
    page = text_of(staff("owner").post(url_of(draft), {"starts_at": "2020-01-01 00:00", "tiers": "kept"}))
    assert "nor before the version published last begins: Jan. 26, 2025" in page


def test_time_zones_are_offered_with_the_chosen_one():
    page = text_of(staff("owner").post(f"{BASE}/programme/", {"timezone": "Asia/Tokyo"}))
    assert '<option value="Asia/Tokyo" selected>Asia/Tokyo</option>' in page
    assert page.count("<option") > 400


def test_nobody_in_a_small_club_is_no_trouble():
    club = programme()
    member(club)
    page = text_of(staff("owner").get(url_of(draft_of(club, document()))))
    assert "Nobody loses a tier or a benefit." in page
    assert "Its terms are those of the version in force." in page


def test_who_may_not_publish_reads_what_it_would_do_and_has_no_button():
    club = programme()
    member(club)
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=stricter(), now=NOW)
    marketer = staff("marketer")
    page = marketer.get(url_of(draft))
    assert "What publishing does" in text_of(page)
    shown = page.content.decode()
    assert 'name="look"' in shown
    assert '<button class="button">' not in shown
    assert 'name="note"' not in shown
    assert "What it does…" in text_of(marketer.get(f"{BASE}/programme/{draft.pk}/"))
    assert "Publish…" not in text_of(marketer.get(f"{BASE}/programme/"))
    assert marketer.post(url_of(draft), {"look": "1"}).status_code == 200
    assert marketer.post(url_of(draft), {"tiers": "kept"}).status_code in (302, 403)
    draft.refresh_from_db()
    assert draft.status == "draft"
