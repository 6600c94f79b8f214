"""Connections in the back office: each state in words with its next step, acts for those who may, and no secret ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_plugin import registry, vault
from loyalty_plugin.errors import TryLater
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.saleor.manifest import PERMISSIONS
from tests import factories
from tests.doors.test_admin import BASE, _frozen_clock, staff, text_of
from tests.factories import NOW, REALM

__all__ = ["_frozen_clock"]

pytestmark = pytest.mark.django_db
TOKEN, SECRET = "a-token-nobody-may-see-anywhere", "a-secret-nobody-may-see-anywhere"
PAGE = f"{BASE}/connections/"


@pytest.fixture
def row(settings: Any) -> Installation:
    settings.LOYALTY = {"SALEOR_API_URLS": (REALM,), "PUBLIC_URL": "https://shop.example"}
    return Installation.objects.create(
        realm=factories.realm(),
        app_id="A",
        token=vault.encrypt(TOKEN.encode()),
        secret=vault.encrypt(SECRET.encode()),
        state="active",
        permissions=sorted(PERMISSIONS),
        installed_at=NOW,
        looked_at=NOW,
    )


class Watched:
    """Stands for the Saleor room: notes what is asked of it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.error = error

    def review(self, realm: str, **_: Any) -> str:
        return self._noted("review", realm)

    def mend(self, realm: str, **_: Any) -> str:
        return self._noted("mend", realm)

    def _noted(self, act: str, realm: str) -> str:
        self.asked.append((act, realm))
        if self.error:
            raise self.error
        return "active"


@pytest.fixture
def saleor(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()
    monkeypatch.setattr(registry.ports, "_connection", watched)
    return watched


def test_all_is_well(row: Installation) -> None:
    page = text_of(staff("owner").get(PAGE))
    assert REALM in page
    assert "Events come, changes go out" in page
    assert ">not granted<" not in page


def test_what_is_wrong_is_told_with_its_next_step(row: Installation) -> None:
    row.permissions = ["MANAGE_ORDERS"]
    row.unreachable_since = NOW - timedelta(minutes=9)
    row.save()
    page = text_of(staff("owner").get(PAGE))
    assert "has not answered for 9 minutes" in page
    assert "Next step:" in page
    assert page.count(">not granted<") == len(PERMISSIONS) - 1
    assert "needs mending" in page


def test_neither_token_nor_secret_is_on_any_page_or_repr(row: Installation) -> None:
    from loyalty_plugin.saleor.connections import connected
    from loyalty_plugin.saleor.staff import Staff

    owner = staff("owner")
    pages = [text_of(owner.get(path)) for path in (PAGE, f"{BASE}/operations/", f"{BASE}/trail/")]
    shown = [*pages, repr(row), str(row), repr(connected(REALM, fresh=True)), repr(Staff(REALM, TOKEN))]
    shown.append(repr(Installation.objects.values().get()))
    for text in shown:
        assert TOKEN not in text
        assert SECRET not in text


def test_the_acts(row: Installation, saleor: Watched) -> None:
    owner = staff("owner")
    for act in ("look", "mend"):
        assert owner.post(PAGE, {"act": f"{act} {REALM}"}).url == PAGE
    assert saleor.asked == [("review", REALM), ("mend", REALM)]
    owner.post(PAGE, {"act": f"staging {REALM}"})
    assert not Realm.objects.get().live
    assert "staging: nothing is booked" in text_of(owner.get(PAGE))
    owner.post(PAGE, {"act": f"live {REALM}"})
    assert Realm.objects.get().live
    assert AuditRecord.objects.filter(operation="realm.live").count() == 2
    assert owner.post(PAGE, {"act": "look https://evil.example/graphql/"}).status_code == 404
    assert len(saleor.asked) == 2


def test_a_saleor_that_is_away_is_told(row: Installation, saleor: Watched) -> None:
    saleor.error = TryLater(reason="away")
    page = text_of(staff("owner").post(PAGE, {"act": f"look {REALM}"}, follow=True))
    assert "messages" in page
    assert REALM in page


def test_an_auditor_looks_and_does_nothing(row: Installation, saleor: Watched) -> None:
    auditor = staff("auditor")
    page = text_of(auditor.get(PAGE))
    assert REALM in page
    assert "Look again" not in page
    assert auditor.post(PAGE, {"act": f"mend {REALM}"}).status_code in (302, 403)
    assert auditor.get(f"{PAGE}{row.realm_id}/reconciled/").status_code in (302, 403)
    assert saleor.asked == []


def test_spending_goes_on_when_a_person_says_that_both_agree(row: Installation) -> None:
    Realm.objects.update(
        held="restored_there", held_since=NOW, gap_since=NOW - timedelta(hours=3), gap_reason="restored"
    )
    owner = staff("owner")
    assert "Both sides agree again" in text_of(owner.get(PAGE))
    page = text_of(owner.get(f"{PAGE}{row.realm_id}/reconciled/"))
    assert "This is what will happen" in page
    assert "Points may be spent again." in page
    assert Realm.objects.get().held
    owner.post(f"{PAGE}{row.realm_id}/reconciled/")
    realm = Realm.objects.get()
    assert (realm.held, realm.gap_since, realm.reconciled_at) == ("", None, NOW)
    assert AuditRecord.objects.get(operation="realm.reconciled").detail["held"] == "restored_there"
    assert owner.get(f"{PAGE}999/reconciled/").status_code == 404


def test_no_saleor_yet(settings: Any) -> None:
    settings.LOYALTY = {}
    assert "loyalty_connect" in text_of(staff("owner").get(PAGE))


def test_what_another_mode_would_meet_is_shown_before_it_is_chosen() -> None:
    owner, saleor = staff("owner"), factories.realm()
    page = f"{PAGE}{saleor.pk}/mode/confirmed/"
    assert "This is what will happen" in text_of(owner.get(page))
    saleor.refresh_from_db()
    assert saleor.mode == "assisted"
    assert owner.post(page).url == PAGE
    saleor.refresh_from_db()
    assert saleor.mode == "confirmed"
    assert AuditRecord.objects.filter(operation="realm.mode").count() == 1
    assert "in force already" in text_of(owner.get(page))
    assert owner.get(f"{PAGE}{saleor.pk}/mode/lax/").status_code == 404
    assert staff("clerk").get(page).status_code in (302, 403)
