"""Refunds of somebody who was erased: no debt and no point is left behind, and nobody who joins anew is charged for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loyalty_plugin.domain.intents import Consume
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING
from loyalty_plugin.models.ledger import Balance, Entry, Posting
from loyalty_plugin.models.members import ClaimedBenefit, Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.queries.verifying.run import verify
from loyalty_plugin.services import claims, posting
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, order, programme
from tests.services.books import make_plan
from tests.services.test_erasure import DAY, ada, balance, club, erase

pytestmark = pytest.mark.django_db


def spend(of: Member, amount: int) -> None:
    version = ProgrammeVersion.objects.get()
    posting.post([make_plan(version, of, Consume(POINTS, amount))], recorded_at=NOW)


def refunded(fact: Any, left: int, days: int) -> None:
    at = NOW + days * DAY
    apply_orders([replace(fact, charged=left, refunded=10_000 - left, updated_at=at)], now=at)


def moved(source: str) -> int:
    return sum(Posting.objects.filter(source=source, unit=POINTS).values_list("amount", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("negative", ["owe", "write_off", "refuse"])
def test_what_was_spent_is_written_off_by_name_whatever_the_programme_does_with_others(negative: str):
    of = ada(club(negative=negative))
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    spend(of, 70)
    erase(of)
    refunded(fact, 0, 1)
    assert balance(of) == (0, 0, 0, 0)
    assert moved("written_off") == 70
    assert Entry.objects.get(kind="refund").explanation["refund"]["stands"] == 0
    assert not ClaimedBenefit.objects.filter(benefit=claims.DEBT).exists()
    newcomer = ada(of.programme, external_id="VXNlcjo1MQ==")
    assert balance(newcomer) == (0, 0, 0, 0)
    assert verify().whole


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_did_not_last_gives_nothing_to_nobody():
    of = ada(club())
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    spend(of, 70)
    erase(of)
    for days, left in ((1, 0), (2, 10_000), (3, 5_000), (4, 10_000)):
        refunded(fact, left, days)
        assert balance(of) == (0, 0, 0, 0), left
    assert verify().whole


@pytest.mark.django_db(transaction=True)
def test_qualifying_points_leave_nothing_either():
    rules = document(pending={"starts": "none"})
    rules["earning"]["qualifying"] = {"source": "points"}
    of = ada(programme(rules))
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    assert Balance.objects.get(member=of, unit=QUALIFYING).available == 100
    erase(of)
    for days, left in ((1, 2_500), (2, 10_000)):
        refunded(fact, left, days)
        assert balance(of, QUALIFYING) == (0, 0, 0, 0), left
    assert verify().whole
