"""What was not delivered, not to be booked or not to be seen, and what is whole again afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from loyalty_plugin.saleor.manifest import SECRET_HEADER
from sandbox.seed.callers import SeedError
from sandbox.seed.laying import ERRORS
from tests.live.people import Customer, booked, joined, read_order, unit
from tests.live.world import World

_FAILED = """query($i:ID!){app(id:$i){webhooks{eventDeliveries(first:100,filter:{status:FAILED})
{edges{node{eventType payload}}}}}}"""
_APPLY = "mutation($c:ID!){loyaltyApplyBenefits(checkoutId:$c){delivered errors{code}}}"


@pytest.fixture
def member(connected: World) -> Customer:
    return joined(connected)


@pytest.fixture
def staging(connected: World) -> Iterator[World]:
    """Said to be a copy of another Saleor, and in the end live again."""
    yield connected
    connected.live(True)
    connected.manage("loyalty_reconcile")


@pytest.fixture
def closed(connected: World) -> Iterator[World]:
    """Neither strangers nor customers may call Saleor themselves; open again in the end."""
    yield connected
    connected.storefront_traffic(True)


def _headers(world: World, identifier: str, headers: dict[str, str]) -> None:
    app = world.app()
    assert app
    [hook] = [one for one in app["webhooks"] if one["identifier"] == identifier]
    update = "mutation($w:ID!,$i:WebhookUpdateInput!){webhookUpdate(id:$w,input:$i){webhook{id}" + ERRORS
    world.staff.change(update, w=hook["id"], i={"customHeaders": json.dumps(headers)})


def _given_up(world: World, order_id: str) -> set[str]:
    """The events of an order that Saleor has given up on, as staff see them."""
    app = world.app()
    assert app
    hooks = world.staff.ask(_FAILED, i=app["id"])["app"]["webhooks"]
    nodes = [edge["node"] for hook in hooks for edge in hook["eventDeliveries"]["edges"]]
    return {one["eventType"] for one in nodes if order_id in str(one["payload"])}


def test_what_saleor_gave_up_on_is_taken_in_by_the_comparison(member: Customer) -> None:
    """Somebody took our secret away from a webhook: we refuse it, and Saleor repeats no refusal."""
    world = member.world
    _headers(world, "loyalty-orders", {SECRET_HEADER: "of-somebody-else"})
    order_id = member.buys(("tea", 1))
    world.until("Saleor has given up", lambda: "ORDER_FULLY_PAID" in _given_up(world, order_id))
    assert booked(world, order_id) == ("", -1)
    found = world.doctor("--mend")
    assert "deliveries_failed" in found
    assert "gap" in world.doctor()
    [report] = json.loads(world.manage("loyalty_reconcile", "--json"))
    assert report["events"] >= 3
    assert report["differing"] == 0
    assert booked(world, order_id) == ("", 9)
    told = "SELECT count(*) FROM loyalty_plugin_inboxitem WHERE event = 'OrderFullyPaid' AND body IS NOT NULL"
    assert world.rows(told)[0][0] >= 1
    assert not {"gap", "deliveries_failed"} & world.doctor().keys()
    other = member.buys(("tea", 1))
    world.until("events come again", lambda: booked(world, other) == ("", 9))


def test_a_staging_copy_posts_nothing(member: Customer, staging: World) -> None:
    assert "taken for a staging copy" in staging.connect("--staging")
    order_id = member.buys(("tea", 1), asks=False)
    query = (
        "SELECT outcome FROM loyalty_plugin_inboxitem WHERE event = 'OrderFullyPaid' ORDER BY id DESC LIMIT 1"
    )
    staging.until("we have looked away", lambda: staging.rows(query) == [("staging_realm",)])
    assert booked(staging, order_id)[1] <= 0
    assert member.points() == 0
    # Live after all, what was passed over is found.
    staging.live(True)
    staging.manage("loyalty_reconcile")
    # An event of the checkout may have been quicker than its completion: then it was sold at the member price.
    [line] = read_order(staging, order_id)["lines"]
    assert booked(staging, order_id) == ("", int(line["unitPrice"]["gross"]["amount"]))


def test_with_the_storefront_closed_tokens_are_confirmed_by_the_app(member: Customer, closed: World) -> None:
    """Customers can't even ask who they are; a member price is laid all the same, and not for the deactivated."""
    made = member.checkout(("tea", 1))["id"]
    token = member.account.token
    closed.storefront_traffic(False)
    headers = {"Authorization": f"Bearer {token}"}
    for given in (headers, {}):
        answer = httpx.post(closed.api_url, json={"query": "{me{id}}"}, headers=given, timeout=60)
        assert answer.status_code == 401, answer.text
        [error] = answer.json()["errors"]
        assert error["extensions"]["code"] == "STOREFRONT_TRAFFIC_NOT_ALLOWED"
    member.ask_for_prices(made)
    assert str(unit(closed.staff, made)) in ("9", "9.0", "9.00")
    assert member.membership("number")

    update = "mutation($i:ID!,$c:CustomerInput!){customerUpdate(id:$i,input:$c){user{isActive}" + ERRORS
    closed.staff.change(update, i=member.id, c={"isActive": False})
    with pytest.raises(SeedError, match="Please sign in again"):
        closed.ours(member.account, _APPLY, c=made)
