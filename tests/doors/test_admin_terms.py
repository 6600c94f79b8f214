"""A draft's main terms as a form: what it shows, what it writes, what it leaves alone, and how problems are worded."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from loyalty_plugin.admin.problems import WORDS, place
from loyalty_plugin.admin.rewriting import rewritten
from loyalty_plugin.admin.terms import TermsForm
from loyalty_plugin.builtin.presets import PRESETS
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.programmes.parse import PROBLEMS, parse_document
from loyalty_plugin.domain.tiers import problems as tier_problems
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services import programmes
from tests.doors.test_admin import BASE, staff, text_of
from tests.factories import NOW, document, programme


def stored(code: str = "fashion", currency: str = "EUR") -> dict:
    return parse_document(PRESETS[code].build(currency)).as_data()


def sent(form: TermsForm, **changes) -> dict:
    """What a browser sends back when nothing but `changes` is touched."""
    shown = {name: "" if (value := form[name].value()) is None else value for name in form.fields}
    return {**shown, **changes}


def saved(data: dict, currency: str = "EUR", **changes) -> dict:
    form = TermsForm(data, currency, sent(TermsForm(data, currency), **changes))
    assert form.is_valid(), form.errors
    return form.result()


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize("code", sorted(PRESETS))
def test_a_form_that_is_sent_unchanged_changes_nothing(code, currency):
    before = stored(code, currency)
    assert parse_document(saved(before, currency)) == parse_document(before)


def test_paying_with_points_is_written_and_taken_back():
    before = stored()
    on = saved(before, pay_points="100", pay_money="0.50", pay_least="200", pay_share="50", pay_most="20",
               pay_remainder="left", pay_minutes="15")  # fmt: skip
    paying = parse_document(on).paying
    assert paying.minutes == 15
    assert paying.points is not None
    assert paying.points.model_dump(mode="json") == {
        "points": 100,
        "money": 50,
        "least": 200,
        "share": 5_000,
        "most": 2_000,
        "excluded": {"products": [], "variants": [], "categories": [], "collections": []},
        "remainder": "left",
    }
    on["paying"]["points"]["excluded"] = {"products": ["gold"]}
    kept = parse_document(saved(on, pay_share="10.5")).paying.points
    assert kept is not None
    assert (kept.share, kept.excluded.products) == (1_050, {"gold"})
    assert parse_document(saved(on, pay_points="", pay_money="")).paying.points is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pay_points": "100"}, "pay_money"),
        ({"pay_money": "1"}, "pay_points"),
        ({"pay_share": "0"}, "pay_share"),
        ({"pay_share": "100.5"}, "pay_share"),
        ({"pay_share": "33.333"}, "pay_share"),
        ({"pay_minutes": "4"}, "pay_minutes"),
        ({"pay_points": "-1", "pay_money": "1"}, "pay_points"),
    ],
)
def test_paying_that_says_half_of_it_is_refused(changes, field):
    data = stored()
    form = TermsForm(data, "EUR", sent(TermsForm(data, "EUR"), **changes))
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_main_terms_are_written_in_their_places():
    after = parse_document(
        saved(
            stored(),
            tier1_name="Silver",
            tier1_entry="450.50",
            tier1_rate="1.25",
            tier2_rate="",
            base_points="2",
            base_per="10",
            window_starts="payment",
            window_days="30",
            expiry_kind="inactivity",
            expiry_months="9",
            expiry_warn="14",
            day_kind="nth_weekday",
            day_nth="-1",
            day_weekday="fri",
            day_rate="3",
            birthday_points="",
        )
    ).as_data()
    assert after["tiers"][1]["name"]["en"] == "Silver"
    assert after["tiers"][1]["name"]["zh-hans"] == "高级会员"
    assert after["tiers"][1]["entry"][0][0]["at_least"] == 45_050
    earning = after["earning"]
    assert earning["rules"][0]["params"] == {"points": "2", "per": "10"}
    assert {one["rule"] for one in earning["rules"]} == {"amount", "welcome"}
    assert earning["multipliers"][0]["params"] == {"rates": {"premium": "1.25"}}
    assert earning["multipliers"][1]["params"] == {
        "day": {"kind": "nth_weekday", "nth": -1, "weekday": "fri"},
        "rate": "3",
    }
    assert after["pending"] == {"starts": "payment", "window_days": 30}
    assert after["expiry"] == {"kind": "inactivity", "months": 9, "warn_days": 14}


def test_gifts_and_guest_orders_are_written_in_their_places():
    after = parse_document(
        saved(
            stored(),
            welcome_points="75",
            welcome_at="joined",
            checkin_first="2",
            checkin_step="",
            checkin_most="9",
            checkin_cycle="7",
            checkin_bonus="20",
            checkin_by=["login"],
            guest_days="30",
            guest_orders="3",
        )
    ).as_data()
    rules = {one["rule"]: one["params"] for one in after["earning"]["rules"]}
    assert rules["welcome"] == {"points": 75, "at": "joined"}
    assert rules["check_in"] == {"first": 2, "step": 0, "most": 9, "cycle": 7, "bonus": 20}
    assert after["check_ins"] == {"by": ["login"]}
    assert after["claims"] == {"days": 30, "orders": 3}
    without = saved(after, welcome_points="", checkin_first="", guest_days="")
    assert {one["rule"] for one in without["earning"]["rules"]} == {"amount", "birthday"}
    assert without["claims"]["days"] == 0


def test_orders_unlike_others_are_written_in_their_places():
    after = parse_document(
        saved(
            stored(),
            hand_paid="counts",
            hand_paid_limit="50.00",
            hand_paid_daily="400.00",
            imported_from="2026-05-01",
            closed_days="30",
        )
    )
    assert (after.hand_paid, after.hand_paid_limit, after.hand_paid_daily) == ("counts", 5_000, 40_000)
    assert (after.imported_from, after.closed_days) == (date(2026, 5, 1), 30)
    without = parse_document(
        saved(after.as_data(), hand_paid="left_out", hand_paid_limit="", hand_paid_daily="", imported_from="")
    )
    assert (without.hand_paid, without.hand_paid_limit, without.imported_from) == ("left_out", 0, None)
    assert (without.hand_paid_daily, without.hand_paid_a_day) == (None, 0)


def test_what_is_not_there_yet_is_added_under_a_free_id():
    bare = stored()
    bare["earning"]["rules"] = [{**bare["earning"]["rules"][0], "id": "birthday"}]
    bare["earning"]["multipliers"] = []
    after = saved(bare, birthday_points="50", tier2_rate="2", day_kind="weekday", day_weekday="tue")
    assert [one["id"] for one in after["earning"]["rules"]] == ["birthday", "birthday-2"]
    assert [one["id"] for one in after["earning"]["multipliers"]] == ["tier", "member-day"]


def test_what_one_field_can_not_say_is_left_alone():
    data = stored()
    ways = [[{"metric": "spend", "at_least": 100, "products": []}], [{"metric": "orders", "at_least": 3}]]
    data["tiers"][1]["entry"] = ways
    assert "tier1_entry" not in TermsForm(data, "EUR").fields
    assert saved(data)["tiers"][1]["entry"] == ways
    assert "base_points" not in TermsForm(stored("beauty"), "EUR").fields


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tier1_name", ""),
        ("tier1_entry", "-5"),
        ("tier1_entry", "1.001"),
        ("tier1_entry", "99999999999999999999"),
        ("tier1_rate", "fast"),
        ("base_per", "1e3x"),
        ("window_days", "731"),
        ("birthday_points", "0"),
        ("expiry_kind", "sometimes"),
    ],
)
def test_a_value_that_can_not_be_right_is_said_at_its_field(field, value):
    data = stored()
    form = TermsForm(data, "EUR", sent(TermsForm(data, "EUR"), **{field: value}))
    assert not form.is_valid()
    assert field in form.errors


def test_a_choice_asks_for_its_own_fields_only():
    data = stored()
    shown = sent(TermsForm(data, "EUR"), expiry_kind="on_date", day_kind="day_of_month", day_number="")
    assert set(TermsForm(data, "EUR", shown).errors) == {"expiry_day", "day_number"}
    shown = sent(TermsForm(data, "EUR"), expiry_kind="never", window_starts="none", window_days="")
    assert not TermsForm(data, "EUR", shown).errors
    shown = sent(TermsForm(data, "EUR"), checkin_first="1", checkin_most="", checkin_bonus="5", checkin_by=[])
    assert set(TermsForm(data, "EUR", shown).errors) == {"checkin_most", "checkin_cycle", "checkin_by"}
    shown = sent(TermsForm(data, "EUR"), guest_days="30", guest_orders="")
    assert set(TermsForm(data, "EUR", shown).errors) == {"guest_orders"}


def test_rewriting_leaves_the_given_document_as_it_is():
    data = stored()
    form = TermsForm(data, "EUR", sent(TermsForm(data, "EUR"), tier1_name="Other"))
    assert form.is_valid()
    before = json.dumps(data)
    rewritten(data, form.cleaned_data, "EUR")
    assert json.dumps(data) == before


def test_every_problem_has_words():
    source = Path(tier_problems.__file__).read_text()
    of_tiers = set(re.findall(r'yield [^\n]*"([a-z_]+)"$', source, re.MULTILINE))
    assert {"keep_without_end", "lowest_has_entry", "no_tiers"} <= of_tiers
    assert set(PROBLEMS) | of_tiers <= set(WORDS)
    assert all(str(words).endswith(".") for words in WORDS.values())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("tiers.1.entry.0", "Tier “Premium”"),
        ("earning.multipliers.0.params.rates.gold", "Multiplier “tier”"),
        ("earning.rules.9.params", "Earning"),
        ("tiers", "Tiers"),
        ("expiry.kind", "Expiry"),
        ("nonsense", "The draft"),
        ("", "The draft"),
    ],
)
def test_a_place_is_called_as_people_call_it(path, words):
    assert place(path, stored()) == words


@pytest.mark.parametrize("broken", [[], None, "x", {"tiers": 3}, {"tiers": [None]}])
def test_a_place_is_found_in_any_nonsense(broken):
    assert place("tiers.0.name", broken) in {"Tiers", "The draft"}


@pytest.mark.django_db
def test_a_draft_is_saved_from_its_main_terms():
    owner, club = staff("owner"), programme()
    draft = programmes.save_draft(SYSTEM, programme_id=club.pk, document=document(), now=NOW)
    url = f"{BASE}/programme/{draft.pk}/"
    page = text_of(owner.get(url))
    assert "Main terms" in page
    form = sent(TermsForm(draft.document, "EUR"), tier1_entry="345", note="")
    assert owner.post(url, form).url == url
    draft.refresh_from_db()
    assert draft.document["tiers"][1]["entry"][0][0]["at_least"] == 34_500
    wrong = owner.post(url, {**form, "tier1_entry": "many"})
    assert "Enter an amount in EUR" in text_of(wrong)
    draft.refresh_from_db()
    assert draft.document["tiers"][1]["entry"][0][0]["at_least"] == 34_500


@pytest.mark.django_db
def test_a_published_version_takes_no_terms():
    owner, club = staff("owner"), programme()
    version = ProgrammeVersion.objects.get(programme=club)
    form = sent(TermsForm(version.document, "EUR"), tier1_entry="345")
    owner.post(f"{BASE}/programme/{version.pk}/", form)
    assert ProgrammeVersion.objects.count() == 1
