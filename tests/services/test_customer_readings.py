"""Readings of one account commute: the newest stands, whatever was worked off before or after it, and how often."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from loyalty_plugin.domain.facts import CustomerFact
from loyalty_plugin.models.members import Member
from loyalty_plugin.services.customers import keep_customers
from tests.factories import NOW, REALM, programme, realm

pytestmark = pytest.mark.django_db


def reading(minute: int, email: str, name: str, confirmed: bool) -> CustomerFact:
    at = NOW + timedelta(minutes=minute)
    return CustomerFact(REALM, "VXNlcjox", email, name, True, confirmed, "en", NOW, at)


#: Registered, name corrected, confirmed, e-mail changed, name changed back.
LIFE = [
    reading(0, "ada@mail.example", "Ada", False),
    reading(1, "ada@mail.example", "Ada L.", False),
    reading(2, "ada@mail.example", "Ada L.", True),
    reading(3, "new@mail.example", "Ada L.", True),
    reading(4, "new@mail.example", "Ada", True),
]


#: Renamed by mistake, and back: the newest reading says what the first one said.
BACK = [reading(0, "ada@mail.example", "Ada", True), reading(1, "ada@mail.example", "Bob", True)]
BACK.append(reading(2, "ada@mail.example", "Ada", True))


def test_a_newer_reading_that_says_the_same_is_not_undone_by_an_older_one():
    of = programme()
    of.auto_join = True
    of.save()
    for order in permutations(range(3)):
        for at in order:
            keep_customers(realm(), [BACK[at]], now=NOW + timedelta(hours=1))
        assert Member.objects.get(external_id="VXNlcjox").name == "Ada", order
        Member.objects.update(external_id="", email="", account_as_of=None)


def test_all_orders_of_an_accounts_readings_end_alike():
    of = programme()
    of.auto_join = True
    of.save()
    here = realm()
    for order in permutations(range(len(LIFE))):
        for at in (*order, order[0]):  # one of them twice
            keep_customers(here, [LIFE[at]], now=NOW + timedelta(hours=1))
        found = Member.objects.get(external_id="VXNlcjox")
        assert (found.email, found.name) == ("new@mail.example", "Ada"), order
        assert found.verified_at is not None, order
        Member.objects.update(external_id="", email="", account_as_of=None)
