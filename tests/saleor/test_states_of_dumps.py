"""A dump restored on either side: how it is known, that spending stops, and what lets it go on."""

from __future__ import annotations

import json

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import SpendingHeld
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.queries.realms import spending_held, standings
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor import anchors, connections
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.realms import mark_reconciled, require_spending
from loyalty_plugin.services.sealing import seal
from tests import factories
from tests.saleor.statekit import as_app, doctor, state
from tests.saleor.threadkit import API, Thread, bare, now
from tests.services.books import wait_until_sealable

__all__ = ["bare"]


def sealed(number: int) -> None:
    of = factories.programme(code=f"club{number}")
    apply_orders([factories.order(factories.member(of))], now=factories.NOW)
    wait_until_sealable()
    seal(now=factories.NOW)


def test_our_books_were_restored_from_a_dump(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert state() == "active"
    realm = Realm.objects.get(api_url=API)
    assert realm.anchor["block"] == 1
    require_spending(realm.pk)
    # A dump of before that block: what Saleor holds is not in our books any more.
    as_app(
        bare,
        "mutation($i:ID!,$m:[MetadataInput!]!){updatePrivateMetadata(id:$i,input:$m){errors{code}}}",
        i=Installation.objects.get().app_id,
        m=[
            {
                "key": f"loyalty.anchor.{realm.cluster}",
                "value": json.dumps({"block": 2, "root": "ab" * 32}),
            }
        ],
    )
    assert of_api("restored_here")
    with pytest.raises(SpendingHeld) as raised:
        require_spending(realm.pk)
    assert raised.value.details["reason"] == "restored_here"
    assert doctor("--offline")["restored_here"]["level"] == "error"
    # It stays until a person has reconciled, and then what was noted is overwritten.
    assert of_api("restored_here")
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=now(), now=now())
    require_spending(realm.pk)
    assert of_api("active")
    assert of_api("active")
    realm.refresh_from_db()
    assert realm.anchor["block"] == 1


def of_api(name: str) -> bool:
    """Whether the realm of the stand-in has this state; factories make another."""
    ports.connection.review(API, now=now())
    (found,) = [
        one for one in standings(SYSTEM, now=now(), permissions=PERMISSIONS.keys()) if one.api_url == API
    ]
    assert found.name == name
    return True


def test_saleor_was_restored_from_a_dump(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    with bare.shop.standin.store.write() as tx:
        app = tx.first("app", identifier="loyalty_plugin")
        tx.patch("app", app["id"], {"privateMetadata": {}})
    assert of_api("restored_there")
    assert spending_held(realm.pk) == "restored_there"
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=now(), now=now())
    assert of_api("active")


def test_what_we_noted_goes_with_the_app_that_was_deleted(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    assert realm.anchor["block"] == 1
    bare.act("appDelete")
    bare.install()
    assert of_api("reinstalled")
    assert spending_held(realm.pk) == ""
    realm.refresh_from_db()
    assert realm.anchor["block"] == 1  # written down anew


def test_a_note_that_another_process_overtook_is_no_dump(bare: Thread) -> None:
    bare.install()
    sealed(1)
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    ours = connections.connected(API)
    assert ours is not None
    client = SaleorClient(API, ours.token)
    read_before = {**client.execute("standing", anchor=anchors.key())["app"], "anchor": None}
    anchors.compare(client, realm.pk, read_before, agreed=now(), now=now())
    assert spending_held(realm.pk) == ""


def test_a_dump_in_another_cluster_is_known_without_asking(bare: Thread) -> None:
    bare.install()
    assert of_api("active")
    realm = Realm.objects.get(api_url=API)
    Realm.objects.update(cluster=1)
    assert spending_held(realm.pk) == "restored_here"
    before = as_app(bare, "{app{privateMetadata{key}}}")
    assert of_api("restored_here")
    assert as_app(bare, "{app{privateMetadata{key}}}") == before
    mark_reconciled(SYSTEM, realm_id=realm.pk, through=now(), now=now())
    assert spending_held(realm.pk) == ""
    assert of_api("active")
