"""Whose orders they are: locks the members concerned, and makes members of customers where the programme says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Lower

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services import claims, members
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.records import Record


@dataclass(frozen=True, slots=True)
class People:
    """The members concerned, under lock; those who join while a batch is read are added."""

    by_id: dict[int, Member]
    #: By programme, realm and customer id.
    customers: dict[tuple[int, int, str], Member]
    #: By programme and digest of their e-mail: members with the e-mail of a guest, where it is verified.
    contacts: dict[tuple[int, str], Member]

    def may_claim(self, fact: OrderFact, record: Record) -> set[int]:
        """Whose a guest's paid order may be, where its e-mail was verified before the order was worked off."""
        member = self.contacts.get((record.programme_id or 0, record.contact))
        if member is None or member.verified_at is None or fact.paid_at is None:
            return set()
        return {member.pk} if member.verified_at >= fact.created_at else set()

    def customer(
        self, fact: OrderFact, realm: Realm, programme: Programme, now: datetime, *, past: bool
    ) -> Member | str:
        """The member whose account the order is of, who may join by it, or the stable code why there is none.

        Who joins by an order from before the programme began was a customer long ago: nobody welcomes them.
        """
        key = (programme.pk, realm.pk, fact.user_id)
        if key not in self.customers:
            if not programme.auto_join:
                return steps.NOT_A_MEMBER
            person = members.Person(email=fact.user_email, external_id=fact.user_id)
            try:
                joined = self.customers[key] = members.join(
                    SYSTEM,
                    programme_id=programme.pk,
                    person=person,
                    now=now,
                    joined_at=min(now, fact.created_at),
                    realm_id=realm.pk,
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
    realms: Mapping[str, Realm],
    records: Mapping[str, Record],
    claimants: Iterable[int],
) -> People:
    """Members by what orders and records say, locked before any balance: their contact may be verified meanwhile."""
    guests = {
        fact.user_email.strip().lower()
        for fact in facts
        if fact.user_email and (not fact.user_id or (fact.ref in records and records[fact.ref].contact))
    }
    known = {record.member_id for record in records.values() if record.member_id}
    concerned = Q(realm__in=realms.values(), external_id__in={fact.user_id for fact in facts if fact.user_id})
    concerned |= Q(pk__in={*known, *claimants})
    if guests:
        concerned |= Q(address__in=guests)
    rows = list(
        Member.objects.select_for_update(of=("self",), no_key=True)
        .alias(address=Lower("email"))
        .filter(concerned)
        .order_by("pk")
    )
    return People(
        {row.pk: row for row in rows},
        {(row.programme_id, row.realm_id or 0, row.external_id): row for row in rows},
        {
            (row.programme_id, claims.contact_of(row.programme_id, row.email)): row
            for row in rows
            if row.verified_at is not None and row.email.lower() in guests
        },
    )
