"""Carries a gift to Saleor as a voucher for one piece and one use; decides neither who has it nor what it is.

Kind `gift_voucher`, target `<api url>|<code>`, desired `{"code", "name", "from", "until", "channels", "products",
"variants", "categories", "collections"}`. A single-use voucher on chosen goods, once an order, takes all of one piece off
and no more, whatever the quantity of its line. Until it is listed in a channel it is worth nothing, so a try that was
broken off between the two writes gives nothing away; the next one finds it by its code and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loyalty_plugin.errors import SaleorError
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.saleor.storefront import call
from loyalty_plugin.services import gifts, leases

Status = OutboxItem.Status
_GOODS: Final = ("products", "variants", "categories", "collections")
_ALL: Final = "100"


def carry(row: OutboxItem, held: leases.Held) -> tuple[OutboxItem.Status, str, Any]:
    """Make the voucher as it is to be. Raises TryLater, SaleorError."""
    assert row.realm is not None
    url, desired = row.realm.api_url, row.desired
    voucher = _found(url, desired["code"])
    if voucher is None:
        held.check()
        try:
            answer = call(url, "voucher_create", input=_wanted(desired))
        except SaleorError as error:
            if not error.details.get("errors"):
                raise
            return Status.FAILED, error.code, {"errors": error.details["errors"]}
        voucher = answer["voucherCreate"]["voucher"]
    listed = {one["channel"]["slug"] for one in voucher["channelListings"] or ()}
    missing = [slug for slug in desired["channels"] if slug not in listed]
    if missing:
        ids = {one["slug"]: one["id"] for one in call(url, "channels")["channels"] or ()}
        adding = [{"channelId": ids[slug], "discountValue": _ALL} for slug in missing if slug in ids]
        if not adding and not listed:
            return Status.FAILED, "no_channel", {"channels": missing}
        held.check()
        call(url, "voucher_list", id=voucher["id"], input={"addChannels": adding})
    gifts.note_ready(desired["code"])
    return Status.DONE, "", {}


def _found(url: str, code: str) -> Mapping[str, Any] | None:
    """The voucher of exactly this code."""
    for edge in call(url, "voucher_named", code=code)["vouchers"]["edges"]:
        if code in {one["node"]["code"] for one in edge["node"]["codes"]["edges"]}:
            found: Mapping[str, Any] = edge["node"]
            return found
    return None


def _wanted(desired: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": desired["name"],
        "addCodes": [desired["code"]],
        "type": "SPECIFIC_PRODUCT",
        "discountValueType": "PERCENTAGE",
        "applyOncePerOrder": True,
        "singleUse": True,
        "startDate": desired["from"],
        "endDate": desired["until"],
        **{goods: desired[goods] for goods in _GOODS if desired[goods]},
    }
