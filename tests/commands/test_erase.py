"""`loyalty_erase` tells first, erases only when told so, and says in a line why it does not."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.services import adjustments
from tests.factories import NOW, member, programme

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    told = StringIO()
    call_command("loyalty_erase", *arguments, stdout=told)
    return " ".join(told.getvalue().split())


def test_it_tells_before_it_erases():
    of = member(programme())
    adjustments.adjust(SYSTEM, member_id=of.pk, amount=1_200, reason="goodwill", now=NOW, key="k")
    told = run(of.number)
    assert "points that end 1,200" in told
    assert "Nothing was changed" in told
    assert Member.objects.get(pk=of.pk).name
    assert "Erased." in run(of.number, "--reason", "retention", "--yes")
    assert Member.objects.get(pk=of.pk).status == Member.Status.ERASED
    record = AuditRecord.objects.get(operation="member.erase")
    assert (record.actor, record.via, record.detail["reason"]) == ("staff:terminal", "terminal", "retention")
    with pytest.raises(CommandError, match="There is no member"):
        run(of.number, "--yes")


def test_a_number_in_two_programmes_needs_its_programme():
    of = member(programme())
    Member.objects.create(
        programme=Programme.objects.create(code="other", name="O", currency="EUR", timezone="UTC"),
        number=of.number,
        joined_at=NOW,
    )
    with pytest.raises(CommandError, match="--programme"):
        run(of.number, "--yes")
    assert "Erased." in run(of.number, "--programme", of.programme.code, "--yes")
    assert Member.objects.get(pk=of.pk).status == Member.Status.ERASED
