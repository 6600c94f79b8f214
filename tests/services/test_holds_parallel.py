"""Holds on many real connections at once: what the balance pays wins, copies are one, and nobody locks anybody up."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.intents import Award
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import HoldEnded, InsufficientPoints, KeyConflict
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.verifying import holds as verifying
from loyalty_plugin.services import expiry, holds
from loyalty_plugin.services.holds import Held
from loyalty_plugin.services.posting import post, rebuild
from tests.scale import scaled
from tests.services.books import NOW, at_once, balance_of, count, give, make_members, make_plan, make_version

pytestmark = pytest.mark.usefixtures("fresh_db")
HOUR = timedelta(hours=1)


def place(member: Member, realm: Realm, key: str, **fields: Any) -> Held:
    asked: dict[str, Any] = {"amounts": {POINTS: 10}, "lasting": HOUR, "now": NOW, **fields}
    return holds.place(SYSTEM, key=key, member_id=member.pk, realm_id=realm.pk, target="checkout", **asked)


def test_of_fifty_parallel_checkouts_exactly_those_win_that_the_balance_pays() -> None:
    version, realm = make_version(), Realm.objects.create(api_url="https://saleor.test/graphql/")
    [member] = make_members(version, 1)
    for amount in (30, 25, 18):  # 73 in three lots: seven times ten, and three left
        give(version, member, amount)
    give(version, member, 40, expires_at=NOW)  # over, though no night has ended it yet
    results = at_once([partial(place, member, realm, str(number)) for number in range(50)])
    won = [result for result in results if isinstance(result, Held)]
    lost = [result for result in results if isinstance(result, InsufficientPoints)]
    assert (len(won), len(lost)) == (7, 43), results
    assert balance_of(member) == (0, 3, 70, 0, 113)
    # Each is captured and released at the same moment: one of the two wins, the other is told.
    ends = [partial(holds.capture, SYSTEM, hold_id=one.hold_id, now=NOW) for one in won]
    ends += [partial(holds.release, SYSTEM, hold_id=one.hold_id, reason="x", now=NOW) for one in won]
    results = at_once(ends)
    assert sum(isinstance(result, Held) for result in results) == 7, results
    assert sum(isinstance(result, HoldEnded) for result in results) == 7, results
    captured = sum(isinstance(result, Held) and result.state == "captured" for result in results)
    assert balance_of(member) == (0, 73 - 10 * captured, 0, 0, 113)
    assert not list(verifying.check(member.pk - 1, member.pk))


def test_twenty_copies_of_each_step_are_one() -> None:
    version, realm = make_version(), Realm.objects.create(api_url="https://saleor.test/graphql/")
    [member] = make_members(version, 1)
    give(version, member, 30)
    placed = at_once([partial(place, member, realm, "one") for _ in range(20)])
    assert all(isinstance(result, Held) for result in placed), placed
    assert len({result.hold_id for result in placed if isinstance(result, Held)}) == 1
    assert sum(not result.replayed for result in placed if isinstance(result, Held)) == 1
    assert isinstance(placed[0], Held)
    asked = {"hold_id": placed[0].hold_id, "amounts": {POINTS: 4}, "now": NOW}
    captured = at_once([partial(holds.capture, SYSTEM, **asked) for _ in range(20)])  # type: ignore[arg-type]
    assert all(isinstance(result, Held) for result in captured), captured
    assert sum(not result.replayed for result in captured if isinstance(result, Held)) == 1
    assert (count("entry"), count("hold"), balance_of(member)) == (3, 1, (0, 26, 0, 0, 30))


def test_one_key_for_six_members_at_once_is_a_conflict_for_five() -> None:
    version, realm = make_version(), Realm.objects.create(api_url="https://saleor.test/graphql/")
    members = make_members(version, 6)
    for member in members:
        give(version, member, 30)
    results = at_once([partial(place, member, realm, "one") for member in members])
    assert sum(isinstance(result, Held) for result in results) == 1, results
    assert sum(isinstance(result, KeyConflict) for result in results) == 5, results
    assert count("hold") == 1


def test_holds_cross_batches_and_jobs_without_locking_up() -> None:
    version, realm = make_version(), Realm.objects.create(api_url="https://saleor.test/graphql/")
    members = make_members(version, 4)
    chance = random.Random(11)
    for number in range(scaled(3, 40)):
        for member in members:
            give(version, member, 25, expires_at=NOW + HOUR * chance.randint(1, 3))
        acts: list[Any] = [
            partial(checkout, chance.choice(members), realm, f"{number}|{step}", chance.randrange(4))
            for step in range(24)
        ]
        for _ in range(6):
            some = chance.sample(members, 4)
            units = (POINTS, "EUR.principal", "EUR.bonus")
            batch = [make_plan(version, one, *(Award(unit, 3) for unit in units)) for one in some]
            acts.append(partial(post, batch, recorded_at=NOW))
        acts += [partial(holds.release_overdue, now=NOW + HOUR * chance.randint(0, 3)) for _ in range(3)]
        acts += [partial(expiry.expire, now=NOW + HOUR) for _ in range(2)]
        chance.shuffle(acts)
        wrong = [
            result
            for result in at_once(acts)
            if isinstance(result, BaseException) and not isinstance(result, InsufficientPoints | HoldEnded)
        ]
        assert wrong == []
        assert rebuild().equal
        assert not list(verifying.check(0, members[-1].pk))


def checkout(member: Member, realm: Realm, key: str, end: int) -> None:
    """One checkout from its beginning to one of its ends, or left alone."""
    amounts = {POINTS: 4, "EUR.bonus": 1, "EUR.principal": 2} if end % 2 else {POINTS: 5}
    held = place(member, realm, key, amounts=amounts)
    if end == 0:
        holds.release(SYSTEM, hold_id=held.hold_id, reason="cancelled", now=NOW)
    elif end == 1:
        holds.capture(SYSTEM, hold_id=held.hold_id, amounts={POINTS: 3, "EUR.principal": 2}, now=NOW)
    elif end == 2:
        holds.renew(SYSTEM, hold_id=held.hold_id, until=NOW + 2 * HOUR, now=NOW)
