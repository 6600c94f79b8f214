"""Bodies of received events are kept as long as the setting says; hash and outcome stay, and so does what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.webhooks.processing import forget_bodies
from tests.factories import NOW, realm

pytestmark = pytest.mark.django_db


def test_old_bodies_go_and_the_evidence_stays(settings):
    settings.LOYALTY = {"BODY_DAYS": 30}
    installation = Installation.objects.create(realm=realm(), token=b"t", installed_at=NOW, state="active")
    for number, (days, status) in enumerate([(31, "done"), (29, "done"), (31, "new"), (40, "failed")]):
        InboxItem.objects.create(
            installation=installation,
            sha256=bytes([number] * 32),
            event="OrderPaid",
            body=b"{}",
            received_at=NOW - timedelta(days=days),
            status=status,
        )
    assert forget_bodies(NOW) == 2
    kept = InboxItem.objects.order_by("pk").values_list("body", flat=True)
    assert [body is not None for body in kept] == [False, True, True, False]
    assert InboxItem.objects.count() == 4
    assert forget_bodies(NOW) == 0
