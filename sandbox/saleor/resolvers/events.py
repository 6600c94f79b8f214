"""Subscription roots: the event being delivered, whole or seen through a channel filter."""

from __future__ import annotations

from typing import Any

from ..schema import field
from ..store import Doc

ROOTS = (
    "orderCreated", "orderUpdated", "orderConfirmed", "orderPaid", "orderFullyPaid", "orderRefunded",
    "orderFullyRefunded", "orderFulfilled", "orderCancelled", "orderMetadataUpdated", "checkoutCreated",
    "checkoutUpdated", "checkoutFullyPaid", "checkoutFullyAuthorized",
)  # fmt: skip


@field("Subscription", "event")
def event(root: Doc, _info: Any) -> Doc:
    return root


@field("Subscription", *ROOTS)
def by_channel(root: Doc, info: Any, channels: list[str] | None = None) -> Doc | None:
    """None for another event or another channel: nothing is sent then."""
    name = info.field_name[0].upper() + info.field_name[1:]
    subject = root.get("order") or root.get("checkout")
    if root["__typename"] != name or subject is None:
        return None
    if channels and subject["channel"] not in channels:
        return None
    return root


@field("FulfillmentCreated", "notifyCustomer")
def notify_customer(_root: Doc, _info: Any) -> bool:
    return False


def _shop(_root: Doc, info: Any) -> Doc:
    return {"__typename": "Shop", "id": "1", **info.context.standin.shop()}


for _type in ("AccountConfirmed", "AccountDeleted", "AccountEmailChanged", "AccountConfirmationRequested",
              "AccountDeleteRequested", "AccountChangeEmailRequested"):  # fmt: skip
    field(_type, "shop")(_shop)


@field("AccountConfirmed", "token")
def no_token(_root: Doc, _info: Any) -> str:
    # Saleor fails here as well, and the captured body carries the error.
    raise KeyError("token")


field("AccountDeleted", "token")(no_token)
