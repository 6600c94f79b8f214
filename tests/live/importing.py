"""What staff write into Saleor by the dozen: orders that were placed elsewhere; asserts nothing of ours."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.seed.laying import ERRORS
from tests.live.people import ADDRESS, Customer, amount
from tests.live.world import CHANNEL, CURRENCY, World

_IMPORT = """mutation($o:[OrderBulkCreateInput!]!){orderBulkCreate(orders:$o,stockUpdatePolicy:SKIP){
count results{order{id status origin chargeStatus created} errors{path message code}} errors{path message code}}}"""


def imported(member: Customer, price: Decimal, *placed: datetime) -> list[dict[str, Any]]:
    """Orders of a member of one pot each, placed at these moments and said to be paid, in one call."""
    staff = member.world.staff
    # Each line needs a class of taxes, whatever the schema says of it.
    create = "mutation($i:TaxClassCreateInput!){taxClassCreate(input:$i){taxClass{id}" + ERRORS
    taxed = str(staff.change(create, i={"name": member.world.name})["taxClass"]["id"])
    try:
        done = staff.ask(_IMPORT, o=[_order(member, price, at, taxed) for at in placed])["orderBulkCreate"]
    finally:
        staff.change("mutation($i:ID!){taxClassDelete(id:$i){" + ERRORS, i=taxed)
    assert done["errors"] == [], done
    assert [one["errors"] for one in done["results"]] in ([[]] * len(placed), [None] * len(placed)), done
    assert done["count"] == len(placed)
    return [one["order"] for one in done["results"]]


def _order(member: Customer, price: Decimal, at: datetime, taxed: str) -> dict[str, Any]:
    world: World = member.world
    worth = {"gross": str(price), "net": str(price)}
    line = {
        "variantId": world.variant("pot"), "createdAt": at.isoformat(), "quantity": 1, "isShippingRequired": False,
        "isGiftCard": False, "taxClassId": taxed, "warehouse": world.laid.warehouse,
        "totalPrice": worth, "undiscountedTotalPrice": worth,
    }  # fmt: skip
    return {
        "channel": CHANNEL, "createdAt": at.isoformat(), "user": {"id": member.id}, "currency": CURRENCY,
        "billingAddress": ADDRESS, "shippingAddress": ADDRESS, "languageCode": "EN", "lines": [line],
        "status": "UNFULFILLED", "transactions": [{"name": "Elsewhere", "amountCharged": amount(price)}],
    }  # fmt: skip
