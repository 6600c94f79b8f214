"""Payments with points on a member's page in the back office: what was reserved, charged and given back, in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty_plugin.admin.payments import REASONS
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.paying import judging
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services import holds
from tests.doors.test_admin import BASE, staff
from tests.factories import NOW, member, programme, realm
from tests.services.books import give


@pytest.mark.django_db
def test_what_a_member_paid_with_points_is_told() -> None:
    of = programme()
    version = ProgrammeVersion.objects.get(programme=of)
    one = member(of)
    give(version, one, 900)
    held = holds.place(
        SYSTEM, key="p", member_id=one.pk, realm_id=realm().pk, target="c", amounts={POINTS: 600},
        lasting=timedelta(hours=1), now=NOW,
    )  # fmt: skip
    Payment.objects.create(
        hold_id=held.hold_id, member=one, realm=realm(), version=version, checkout_id="c", currency="EUR",
        amount=600, points=600, points_money=600, state="charged", charged=500, refunded=120,
        order_number="4711", created_at=NOW,
    )  # fmt: skip
    client = staff("clerk")
    page = client.get(f"{BASE}/members/{one.pk}/").content.decode()
    for words in ("Paid with points", "4711", "charged", "6.00", "5.00", "1.20"):
        assert words in page, words


def test_every_reason_has_words() -> None:
    told = {judging.CANCELLED, judging.NOTHING_DUE, *judging.SUSPICIOUS}
    assert told <= set(REASONS)
