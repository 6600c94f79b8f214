"""Incidents in the back office: the list says what differs, the page what each act does, and the menu how many wait."""

from __future__ import annotations

import pytest

from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.outbox import OutboxItem
from tests.doors.test_admin import BASE, _frozen_clock, staff, text_of
from tests.factories import NOW, realm

__all__ = ["_frozen_clock"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident() -> Incident:
    return Incident.objects.create(
        realm=realm(),
        order_id="Order:1",
        number="1007",
        currency="EUR",
        found_at=NOW,
        differences=[
            {"code": "charged_more", "line": "l", "promised": 2_400, "charged": 3_000, "lost": -600}
        ],
        lost=-600,
    )


def test_the_list_the_page_and_the_acts(incident: Incident):
    owner = staff("owner")
    listed = text_of(owner.get(f"{BASE}/incidents/"))
    assert "1007" in listed
    assert "Promised 24.00 EUR, charged 30.00 EUR: the customer paid too much." in listed
    assert "Incidents (1)" in owner.get(f"{BASE}/incidents/").content.decode()
    page = f"{BASE}/incidents/{incident.pk}/"
    assert "No money goes back by that" in text_of(owner.get(page))
    owner.post(page, {"act": "refund", "amount": "6.00"})
    sent = OutboxItem.objects.get()
    assert (sent.kind, sent.desired["amount"]) == ("order_grant", 600)
    assert "grant a refund" in text_of(owner.get(page))
    owner.post(page, {"act": "refund", "amount": "six"})
    assert OutboxItem.objects.count() == 1
    owner.post(page, {"close": "handled"})
    incident.refresh_from_db()
    assert (incident.status, incident.reason) == ("closed", "handled")
    assert "Incidents (1)" not in owner.get(f"{BASE}/incidents/").content.decode()


def test_who_sees_and_who_acts(incident: Incident):
    page = f"{BASE}/incidents/{incident.pk}/"
    assert "What can be done" not in text_of(staff("auditor").get(page))
    assert staff("clerk").get(page).status_code in (302, 403)
