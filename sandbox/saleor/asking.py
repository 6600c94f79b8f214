"""Asks Apps for ways of sending while a checkout waits, as Saleor does; whoever fails to answer offers nothing.

Told here as measured: asked whenever ways of sending are worked out, never cached, and again when a checkout that changed
since is completed with an App's way. A subscription that asks for prices gets a body without its checkout.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .context import Context
from .store import Doc
from .values import to_minor

if TYPE_CHECKING:
    from .standin import Standin

LIST = "SHIPPING_LIST_METHODS_FOR_CHECKOUT"


def shipping_of_apps(ctx: Context, checkout: Doc) -> list[Doc]:
    """Ways of sending that Apps offer for this checkout, priced; none without an address."""
    if not checkout["shippingAddress"]:
        return []
    found: list[Doc] = []
    for app, webhook in asked_apps(ctx, LIST, "MANAGE_SHIPPING"):
        answer = _answer(ctx.standin, app, webhook, LIST, {"checkout": checkout["id"]}, ctx)
        found += _methods(app, answer, checkout["currency"])
    return found


def asked_apps(ctx: Context, event: str, permission: str) -> Iterator[tuple[Doc, Doc]]:
    """The active Apps that hear a question and may, each with its webhook."""
    with ctx.read() as tx:
        webhooks = [w for w in tx.find("webhook") if event in w["syncEvents"] and w["isActive"]]
        apps = {a["id"]: a for a in tx.find("app")} if webhooks else {}
    for webhook in webhooks:
        app = apps.get(webhook["app"])
        if app and app["isActive"] and permission in app["permissions"]:
            yield app, webhook


def _answer(standin: Standin, app: Doc, webhook: Doc, event: str, subject: Doc, ctx: Context) -> Any:
    principal = ctx.requestor.principal if ctx.requestor else None
    body = standin.events.body(app, webhook, event, subject, principal, ctx.now(), asking=True)
    return standin.deliverer.ask(webhook, event, body) if body is not None else None


def external_id(app: Doc, key: str) -> str:
    return base64.b64encode(f"app:{app['identifier'] or app['id']}:{key}".encode()).decode()


def _methods(app: Doc, answer: Any, currency: str) -> Iterator[Doc]:
    """What can be read of an answer; an entry that can't is left out."""
    for one in answer if isinstance(answer, list) else ():
        try:
            key, name, amount = str(one["id"]), str(one["name"]), Decimal(str(one["amount"]))
            if one["currency"] != currency or amount < 0:
                continue
            price = to_minor(amount, currency)
        except (KeyError, TypeError, InvalidOperation):
            continue
        yield {
            "__typename": "ShippingMethod",
            "id": external_id(app, key),
            "external": True,
            "name": name,
            "description": one.get("description"),
            "price": price,
            "currency": currency,
            "minimumDeliveryDays": one.get("minimum_delivery_days"),
            "maximumDeliveryDays": one.get("maximum_delivery_days"),
            "metadata": one.get("metadata") or {},
            "privateMetadata": {},
        }
