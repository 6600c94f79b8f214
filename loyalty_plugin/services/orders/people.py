"""Whose orders they are: locks the members concerned, and makes members of customers where the programme says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.cursors import cursor, one_round_trip, rows
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.members import Member
from loyalty_plugin.services import claims, members
from loyalty_plugin.services.holders import Holder, HolderRow
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.records import Record
from loyalty_plugin.services.orders.shops import Served, Shop
from loyalty_plugin.services.posting.arrays import integers, texts

_COLUMNS: Final = ", ".join("id" if name == "pk" else name for name in HolderRow.__slots__)
_CUSTOMERS: Final = (
    "(realm_id = ANY((SELECT $1::bigint[])::bigint[]) AND external_id = ANY((SELECT $2::text[])::text[]))"
)
_OTHERS: Final = (
    " OR id = ANY((SELECT $3::bigint[])::bigint[]) OR lower(email) = ANY((SELECT $4::text[])::text[])"
)


@dataclass(frozen=True, slots=True)
class Busy:
    """Members concerned whom another transaction holds: by id, by realm and customer id, by e-mail in lower case."""

    ids: set[int] = field(default_factory=set)
    customers: set[tuple[int, str]] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)

    def concern(self, fact: OrderFact, record: Record | None) -> bool:
        """Whether the order may be of one of them."""
        return record is not None and (
            (record.realm_id, fact.user_id) in self.customers
            or record.member_id in self.ids
            or (bool(fact.user_email) and fact.user_email.strip().lower() in self.emails)
        )


@dataclass(frozen=True, slots=True)
class People:
    """The members concerned, under lock; those who join while a batch is read are added."""

    by_id: dict[int, Holder]
    #: By programme, realm and customer id.
    customers: dict[tuple[int, int, str], Holder]
    #: By programme and digest of their e-mail: members with the e-mail of a guest, where it is verified.
    contacts: dict[tuple[int, str], Holder]
    #: Whose orders can't be applied now, if we did not wait for others' locks.
    busy: Busy

    def may_claim(self, fact: OrderFact, record: Record) -> set[int]:
        """Whose a guest's paid order may be, where its e-mail was verified before the order was worked off."""
        member = self.contacts.get((record.programme_id or 0, record.contact))
        if member is None or member.verified_at is None or fact.paid_at is None:
            return set()
        return {member.pk} if member.verified_at >= fact.created_at else set()

    def customer(
        self, fact: OrderFact, shop: Shop, served: Served, now: datetime, *, past: bool
    ) -> Holder | str:
        """The member whose account the order is of, who may join by it, or the stable code why there is none.

        Who joins by an order from before the programme began was a customer long ago: nobody welcomes them.
        """
        key = (served.programme_id, shop.pk, fact.user_id)
        if key not in self.customers:
            if not served.auto_join:
                return steps.NOT_A_MEMBER
            person = members.Person(email=fact.user_email, external_id=fact.user_id)
            try:
                joined = self.customers[key] = members.join(
                    SYSTEM,
                    programme_id=served.programme_id,
                    person=person,
                    now=now,
                    joined_at=min(now, fact.created_at),
                    realm_id=shop.pk,
                    source="order",
                    channel=fact.channel,
                    welcome=not past,
                )
            except LoyaltyError as refusal:
                return refusal.code
            self.by_id[joined.pk] = joined
        member = self.customers[key]
        return member if member.status == Member.Status.ACTIVE else steps.FROZEN


def lock_people(
    facts: Sequence[OrderFact],
    shops: Mapping[str, Shop],
    records: Mapping[str, Record],
    claimants: Collection[int],
    *,
    wait: bool = True,
) -> People:
    """Members by what orders and records say, locked before any balance: their contact may be verified meanwhile.

    Unless told to `wait`, only those nobody else holds are locked, and the others are named.
    """
    guests = {
        fact.user_email.strip().lower()
        for fact in facts
        if fact.user_email and (not fact.user_id or (fact.ref in records and records[fact.ref].contact))
    }
    known = {record.member_id for record in records.values() if record.member_id}
    where = _CUSTOMERS
    wanted = [
        integers(shop.pk for shop in shops.values()),
        texts([*{fact.user_id for fact in facts if fact.user_id}]),
    ]
    if known or claimants or guests:  # else it is one index alone, as it is for most batches
        where += _OTHERS
        wanted += [integers({*known, *claimants}), texts([*guests])]
    lock = f"SELECT {_COLUMNS} FROM loyalty_plugin_member WHERE {where} ORDER BY id FOR NO KEY UPDATE"
    if wait:
        found, busy = [HolderRow(*row) for row in rows(lock, wanted)], Busy()
    else:
        found, busy = _lock_free(lock, where, wanted)
    return People(
        {row.pk: row for row in found},
        {(row.programme_id, row.realm_id or 0, row.external_id): row for row in found},
        {
            (row.programme_id, claims.contact_of(row.programme_id, row.email)): row
            for row in found
            if row.verified_at is not None and row.email.lower() in guests
        },
        busy,
    )


def _lock_free(lock: str, where: str, wanted: Sequence[Any]) -> tuple[list[HolderRow], Busy]:
    """Lock whom nobody else holds. Who is there without a lock of ours is busy, or has come this moment."""
    with cursor() as locking, cursor() as asked:
        with one_round_trip():
            locking.execute(f"{lock} SKIP LOCKED", wanted)
            asked.execute(
                f"SELECT id, realm_id, external_id, email FROM loyalty_plugin_member WHERE {where}", wanted
            )
        found = [HolderRow(*row) for row in locking.fetchall()]
        there = asked.fetchall()
    busy = Busy()
    ours = {row.pk for row in found}
    for pk, realm_id, external_id, email in there:
        if pk not in ours:
            busy.ids.add(pk)
            if external_id:
                busy.customers.add((realm_id or 0, external_id))
            if email:
                busy.emails.add(email.lower())
    return found, busy
