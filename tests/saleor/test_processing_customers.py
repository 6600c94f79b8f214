"""Events of customers worked off: joined, confirmed, gone; a claim is believed only once a look has confirmed it."""

from __future__ import annotations

import pytest

from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.webhooks.processing import drain_inbox
from tests import factories
from tests.factories import NOW
from tests.saleor.processingkit import (
    Storefront,
    came,
    customer,
    customer_event,
    ours,
    state,
    storefront,
)

__all__ = ["ours", "storefront"]
pytestmark = pytest.mark.django_db


def test_a_new_customer_becomes_a_member(ours: Installation, storefront: Storefront):
    factories.programme()
    storefront.customer_facts["VXNlcjox"] = customer()
    [row] = came(ours, customer_event("CustomerCreated"))
    drain_inbox(100, NOW)
    found = Member.objects.get()
    assert (found.external_id, found.email, found.verified_at) == ("VXNlcjox", "ada@mail.example", None)
    assert state(row) == ("done", "joined")


@pytest.mark.parametrize("order", [1, -1])
def test_joining_and_confirming_commute(order: int, ours: Installation, storefront: Storefront):
    factories.programme()
    storefront.customer_facts["VXNlcjox"] = customer(confirmed=True)
    for name in ["CustomerCreated", "AccountConfirmed"][::order]:
        came(ours, customer_event(name))
        drain_inbox(100, NOW)
    assert Member.objects.get().verified_at == NOW


def test_a_confirmed_address_is_taken_over_later(ours: Installation, storefront: Storefront):
    factories.programme()
    storefront.customer_facts["VXNlcjox"] = customer()
    came(ours, customer_event("CustomerCreated"))
    drain_inbox(100, NOW)
    storefront.customer_facts["VXNlcjox"] = customer(confirmed=True, email="new@mail.example")
    came(ours, customer_event("AccountEmailChanged"))
    drain_inbox(100, NOW)
    found = Member.objects.get()
    assert (found.email, found.verified_at) == ("new@mail.example", NOW)


@pytest.mark.parametrize("typename", ["CustomerDeleted", "AccountDeleted"])
def test_a_deleted_account_ends_the_membership(typename: str, ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    came(ours, customer_event(typename, of.external_id))
    drain_inbox(100, NOW)
    of.refresh_from_db()
    assert of.status == Member.Status.FROZEN


def test_a_claimed_deletion_is_not_believed_while_the_account_is_there(
    ours: Installation, storefront: Storefront
):
    of = factories.member(factories.programme())
    storefront.customer_facts[of.external_id] = customer(user_id=of.external_id)
    came(ours, customer_event("CustomerDeleted", of.external_id))
    drain_inbox(100, NOW)
    of.refresh_from_db()
    assert of.status == Member.Status.ACTIVE


def test_a_customer_nobody_knows_changes_nothing(ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    [row] = came(ours, customer_event("CustomerUpdated", of.external_id))
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "unknown_customer")
    of.refresh_from_db()
    assert of.status == Member.Status.ACTIVE


def test_a_staging_saleor_makes_no_members(ours: Installation, storefront: Storefront):
    factories.programme()
    Realm.objects.update(live=False)
    storefront.customer_facts["VXNlcjox"] = customer()
    [row] = came(ours, customer_event("CustomerCreated"))
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "staging")
    assert not Member.objects.exists()
