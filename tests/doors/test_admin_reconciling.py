"""Comparisons with Saleor in the back office: who may look, what is said first, and what the doctor makes of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty_plugin.admin.reconciling import STEPS
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.models.reconciling import Difference, Reconciliation
from loyalty_plugin.queries.realms import standings
from loyalty_plugin.services.history import rounds
from tests.doors.test_admin import BASE, _frozen_clock, staff, text_of
from tests.factories import NOW, REALM, programme, realm

__all__ = ["_frozen_clock"]
pytestmark = pytest.mark.django_db


def compared(**more: int) -> Reconciliation:
    return Reconciliation.objects.create(
        realm=realm(), status="done", through=NOW, finished_at=NOW, seen=12, equal=9, **more
    )


def test_the_answer_stands_on_top_and_the_reasons_below_in_words():
    programme()
    report = compared(healed=1, differing=2)
    differs = {"charged": [10_000, 4_000], "in": "EUR"}
    for healed, number, why, detail in (
        (True, "17", "changed", differs),
        (False, "18", "ours_newer", {}),
        (False, "19", "key_conflict", {}),
    ):
        what = {"kind": "order", "target": f"Order:{number}", "number": number, "detail": detail}
        Difference.objects.create(reconciliation=report, healed=healed, why=why, **what)
    auditor = staff("auditor")
    page = text_of(auditor.get(f"{BASE}/operations/compared/{report.pk}/"))
    assert "2 still differ from what Saleor has." in page
    assert "paid: 100.00 EUR → 40.00 EUR" in page
    assert "We hold something newer than Saleor has" in page
    assert "key_conflict" in page
    assert page.index("Order 18") < page.index("Order 17")
    assert f"/operations/compared/{report.pk}/" in text_of(auditor.get(f"{BASE}/operations/compared/"))
    assert "2 differ" in text_of(auditor.get(f"{BASE}/operations/"))


def test_where_all_is_well_it_says_so_and_where_nothing_was_compared_too():
    programme()
    auditor = staff("auditor")
    assert "Nothing has been compared yet" in text_of(auditor.get(f"{BASE}/operations/compared/"))
    report = compared()
    page = text_of(auditor.get(f"{BASE}/operations/compared/{report.pk}/"))
    assert "Everything we hold is as Saleor has it." in page
    assert auditor.get(f"{BASE}/operations/compared/{report.pk + 1}/").status_code == 404
    assert staff("clerk").get(f"{BASE}/operations/compared/").status_code in (302, 403)


def test_a_comparison_is_asked_for_and_followed(settings):
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (REALM,)}
    programme()
    Installation.objects.create(realm=realm(), token=b"t", installed_at=NOW, state="active")
    page = f"{BASE}/operations/compared/"
    manager = staff("manager")
    assert "Compare now" in text_of(manager.get(page))
    assert "Compare now" in text_of(manager.get(f"{BASE}/connections/"))
    told = text_of(manager.post(page, {"realm": realm().pk}, follow=True))
    assert "It begins as soon as a worker is free." in told
    assert "data-lp-refresh" in told
    assert "Compare now" not in told
    assert "A comparison is under way already." in text_of(
        manager.post(page, {"realm": realm().pk}, follow=True)
    )
    Realm.objects.update(compare_asked_at=None)
    JobRun.objects.create(name=f"reconcile:{realm().pk}", started_at=NOW, beat_at=NOW, cursor={"step": 3})
    told = text_of(manager.get(page))
    assert "Some of all orders" in told
    assert "(step 4 of 6, 0 looked at)" in told
    JobRun.objects.update(status="done")
    compared(differing=2)
    told = text_of(manager.get(page))
    assert "2 differ" in told
    assert "Compare now" in told
    for wrong in ("", "x", "²", "999999", str(2**63), "9" * 5_000):
        manager.post(page, {"realm": wrong})
    assert not Realm.objects.exclude(compare_asked_at=None).exists()
    auditor = staff("auditor")
    assert "Compare now" not in text_of(auditor.get(page))
    assert auditor.post(page, {"realm": realm().pk}).status_code in (302, 403)
    assert not Realm.objects.exclude(compare_asked_at=None).exists()


def test_the_steps_told_are_those_there_are():
    assert len(STEPS) == len(rounds.STEPS)


def test_the_doctor_tells_of_a_saleor_that_was_not_compared_for_long_and_of_what_differs(settings):
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (REALM,)}
    Installation.objects.create(realm=realm(), token=b"t", installed_at=NOW, state="active")

    def codes(after: timedelta) -> set[str]:
        [standing] = standings(SYSTEM, now=NOW + after)
        return {trouble.code for trouble in standing.troubles if trouble.code.startswith("reconcile")}

    assert codes(timedelta(days=2)) == set()
    assert codes(timedelta(days=2, minutes=1)) == {"reconcile_late"}
    Realm.objects.update(reconciled_at=NOW + timedelta(days=1))
    compared(differing=1)
    assert codes(timedelta(days=2, minutes=1)) == {"reconcile_differs"}
