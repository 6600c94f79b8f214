"""Many rows by one statement are the rows that the model would have made, and what it can't hold is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.members import Member
from loyalty_plugin.services import bulk
from tests.factories import NOW, programme

pytestmark = pytest.mark.django_db
ODD = 'Łukasz "the\\ other" 陈 {a,b} \u2028\n'


def row(number: str, **more: object) -> dict[str, object]:
    return {"number": number, "joined_at": NOW} | more


def test_what_is_not_given_has_the_models_default():
    of = programme()
    ids = bulk.insert(Member, [row("1", programme_id=of.pk), row("2", programme_id=of.pk)], "number")
    stored = Member.objects.in_bulk(ids.values())
    fresh = Member(programme=of, number="1", joined_at=NOW)
    first, second = stored[ids["1"]], stored[ids["2"]]
    for field in Member._meta.concrete_fields:
        if field.name not in ("id", "public_id"):
            assert getattr(first, field.attname) == getattr(fresh, field.attname), field.name
    assert first.public_id != second.public_id
    assert (first.number, second.number) == ("1", "2")


def test_values_come_back_as_they_went_in():
    of = programme()
    day = NOW.date() - timedelta(days=3)
    given = row("1", programme_id=of.pk, name=ODD, labels=[ODD, "x"], tier_since=day, verified_at=NOW)
    [pk] = bulk.insert(Member, [given]).values()
    stored = Member.objects.get(pk=pk)
    assert (stored.name, stored.labels, stored.tier_since) == (ODD, [ODD, "x"], day)
    assert (stored.joined_at, stored.verified_at) == (NOW, NOW)


def test_however_many_they_are_one_statement():
    common = {"at": NOW, "actor": "x", "via": "", "operation": "x", "outcome": "done"}
    with CaptureQueriesContext(connection) as watched:
        bulk.insert(
            AuditRecord, [{**common, "target": f"member:{n}", "detail": {"n": n}} for n in range(300)]
        )
    assert len(watched) == 1
    assert AuditRecord.objects.get(target="member:299").detail == {"n": 299}


def test_none_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert bulk.insert(Member, []) == {}


@pytest.mark.parametrize("wrong", [{"name": "\0"}, {"number": "x" * 33}, {"programme_id": None}])
def test_what_the_table_refuses_is_refused(wrong: dict[str, object]):
    of = programme()
    with pytest.raises((DataError, IntegrityError)), transaction.atomic():
        bulk.insert(Member, [row("1", programme_id=of.pk) | wrong])
    assert not Member.objects.exists()
