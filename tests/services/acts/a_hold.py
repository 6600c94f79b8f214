"""Reserves, renews, captures and gives back for one checkout, reserves for another and lets its time run out; each once."""

from __future__ import annotations

from datetime import timedelta

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import bonus, principal
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.verifying import holds as verifying
from loyalty_plugin.services import holds
from loyalty_plugin.services.posting import rebuild
from tests.services.books import NOW, count, rows

HOUR = timedelta(hours=1)


def act() -> None:
    member, realm = Member.objects.get(), Realm.objects.get()

    def place(key: str) -> int:
        return holds.place(
            SYSTEM,
            key=key,
            member_id=member.pk,
            realm_id=realm.pk,
            target=key,
            amounts={principal("EUR"): 30, bonus("EUR"): 5},
            lasting=HOUR,
            now=NOW,
        ).hold_id

    paid = place("paid")
    holds.renew(SYSTEM, hold_id=paid, until=NOW + 2 * HOUR, now=NOW)
    holds.capture(SYSTEM, hold_id=paid, amounts={principal("EUR"): 20, bonus("EUR"): 5}, now=NOW)
    back = {principal("EUR"): 7, bonus("EUR"): 5}
    holds.give_back(SYSTEM, hold_id=paid, key="refund", amounts=back, now=NOW)
    place("left")
    holds.release_overdue(now=NOW + 3 * HOUR)


def state() -> list[int]:
    assert rebuild().equal
    member = Member.objects.get()
    assert not list(verifying.check(member.pk - 1, member.pk))
    [sums] = rows("SELECT sum(available)::bigint, sum(held)::bigint FROM loyalty_plugin_balance")
    by_state = dict(rows("SELECT state, count(*) FROM loyalty_plugin_hold GROUP BY state"))
    ended = by_state.get("captured", 0) + by_state.get("released", 0)
    return [count("entry"), by_state.get("open", 0) + ended, ended, *sums]
