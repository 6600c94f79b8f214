"""Webhooks an App manages by its own token, their failed deliveries, and the staff's trigger."""

from __future__ import annotations

import json
from typing import Any

from .. import installing
from ..connections import from_list
from ..context import Context, PermissionDenied, Refused
from ..events import event_of, permission_for, subscribed
from ..execution import event_types
from ..schema import field, mutation, query
from ..store import Doc, Tx
from ..values import key_of, split_gid
from .apps import must_be_staff


def _find(ctx: Context, tx: Tx, global_id: str | None, identifier: str | None) -> Doc:
    found = None
    if global_id is not None:
        found = tx.get("webhook", key_of(global_id, "Webhook"))
    elif identifier is not None and ctx.app:
        found = tx.first("webhook", app=ctx.app["id"], identifier=identifier)
    own = found is not None and ctx.app is not None and found["app"] == ctx.app["id"]
    if found is None or found.get("gone") or not (own or ctx.has("MANAGE_APPS")):
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id or identifier}")
    return found


def _check(ctx: Context, given: Doc) -> Doc:
    if given.get("query"):
        document, errors = ctx.standin.engine.check(given["query"])
        if document is None or errors:
            raise Refused("query", "INVALID", f"Subscription query is not valid: {errors[0].message}")
        if not subscribed(ctx.standin.engine, given["query"]):
            raise Refused("query", "MISSING_EVENT", "Subscription query has no event of this schema.")
    headers = given.get("customHeaders")
    if isinstance(headers, str):
        headers = json.loads(headers)
    try:
        kept = installing.check_headers(headers)
    except ValueError as error:
        raise Refused("customHeaders", "INVALID_CUSTOM_HEADERS", str(error)) from error
    if given.get("targetUrl") is not None and not installing.url_ok(given["targetUrl"]):
        raise Refused("targetUrl", "INVALID", "Enter a valid URL.")
    return {**given, "customHeaders": kept} if headers is not None else given


@query("webhook")
def webhook(ctx: Context, id: str) -> Doc | None:
    found = ctx.get("webhook", key_of(id, "Webhook"))
    if found and not (ctx.app and ctx.app["id"] == found["app"]):
        ctx.require("MANAGE_APPS", "OWNER")
    return found


@mutation("webhookCreate")
def webhook_create(ctx: Context, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_APPS", "AUTHENTICATED_APP")
    app_id = ctx.app["id"] if ctx.app else key_of(input.get("app") or "", "App")
    given = _check(ctx, input)
    if not given.get("targetUrl"):
        raise Refused("targetUrl", "REQUIRED", "This field is required.")
    with ctx.write() as tx:
        if given.get("identifier") and tx.first("webhook", app=app_id, identifier=given["identifier"]):
            raise Refused("identifier", "UNIQUE", "Webhook with this Identifier already exists.")
        return {"webhook": tx.insert("webhook", installing.webhook_doc(ctx.standin, app_id, given))}


@mutation("webhookUpdate")
def webhook_update(
    ctx: Context, input: Doc, id: str | None = None, identifier: str | None = None
) -> dict[str, Any]:
    ctx.require("MANAGE_APPS", "AUTHENTICATED_APP")
    given = _check(ctx, input)
    with ctx.write() as tx:
        found = _find(ctx, tx, id, identifier)
        fields = {
            name: given[name]
            for name in (
                "name",
                "identifier",
                "targetUrl",
                "isActive",
                "query",
                "customHeaders",
                "syncEvents",
            )
            if given.get(name) is not None
        }
        events = given.get("asyncEvents") or given.get("events")
        if events or given.get("query"):
            fields["asyncEvents"] = events or subscribed(ctx.standin.engine, given["query"])
        return {"webhook": tx.patch("webhook", found["id"], fields)}


@mutation("webhookDelete")
def webhook_delete(ctx: Context, id: str | None = None, identifier: str | None = None) -> dict[str, Any]:
    ctx.require("MANAGE_APPS", "AUTHENTICATED_APP")
    with ctx.write() as tx:
        found = _find(ctx, tx, id, identifier)
        tx.query("DELETE FROM standin_delivery WHERE webhook = %s", (found["id"],))
        tx.delete("webhook", found["id"])
    return {"webhook": found}


@mutation("webhookTrigger", id_field="webhookId")
def webhook_trigger(ctx: Context, webhookId: str, objectId: str) -> dict[str, Any]:
    """Staff may have any object sent as the first event of a webhook's query, by the alphabet, true or not."""
    must_be_staff(ctx)
    found = ctx.get("webhook", key_of(webhookId, "Webhook"))
    if found is None or found.get("gone"):
        raise Refused("webhookId", "NOT_FOUND", f"Couldn't resolve to a node: {webhookId}")
    document, errors = ctx.standin.engine.check(found["query"])
    if document is None or errors:
        raise Refused("webhookId", "MISSING_QUERY", "Missing subscription query for given webhook.")
    name = min(event_of(event_type) for event_type in event_types(document))
    if not ctx.has(permission_for(name)):
        raise Refused(
            "webhookId",
            "MISSING_PERMISSION",
            f"The user doesn't have required permission: {permission_for(name)}.",
        )
    type_name, key = split_gid(objectId)
    kind = {"Order": "order", "Checkout": "checkout", "User": "user", "App": "app"}.get(type_name)
    if kind is None:
        raise Refused("objectId", "INVALID_ID", f"{type_name} doesn't match the event's type.")
    if ctx.get(kind, key) is None:
        raise Refused("objectId", "NOT_FOUND", f"Couldn't resolve to a node: {objectId}")
    app = ctx.get("app", found["app"])
    assert app is not None
    principal = ctx.requestor.principal if ctx.requestor else None
    at = ctx.now()
    subject: Doc = {kind: {"id": key} if kind == "app" else key}
    body = ctx.standin.events.body(app, found, name, subject, principal, at)
    with ctx.write() as tx:
        rows = tx.query(
            "INSERT INTO standin_delivery (webhook, event, payload, due, created)"
            " VALUES (%s, %s, %s, now(), %s) RETURNING id",
            (found["id"], name, body or b"{}", at),
        )
    ctx.standin.deliverer.wake()
    return {"delivery": _delivery(rows[0][0], name, "PENDING", at, b"", [])}


def _delivery(key: int, event: str, status: str, created: str, payload: bytes, attempts: list[Doc]) -> Doc:
    return {
        "__typename": "EventDelivery",
        "id": str(key),
        "createdAt": created,
        "eventType": event,
        "status": "PENDING" if status == "SENDING" else status,
        "payload": bytes(payload).decode(),
        "attempts": attempts,
    }


@field("Webhook", "eventDeliveries")
def event_deliveries(source: Doc, info: Any, **arguments: Any) -> dict[str, Any]:
    wanted = arguments.get("filter") or {}
    where, params = "webhook = %s", [source["id"]]
    if wanted.get("status"):
        where += " AND status = ANY(%s)"
        params.append(["PENDING", "SENDING"] if wanted["status"] == "PENDING" else [wanted["status"]])
    if wanted.get("eventType"):
        where += " AND event = %s"
        params.append(wanted["eventType"])
    direction = "DESC" if (arguments.get("sortBy") or {}).get("direction") == "DESC" else "ASC"
    with info.context.read() as tx:
        rows = tx.query(
            "SELECT id, event, status, created, payload, attempts FROM standin_delivery"
            f" WHERE {where} ORDER BY id {direction}",
            params,
        )
    return from_list("eventDeliveries", [_delivery(*row) for row in rows], arguments)


@field("EventDelivery", "attempts")
def attempts(source: Doc, _info: Any, **arguments: Any) -> dict[str, Any]:
    docs = [
        {
            **a,
            "__typename": "EventDeliveryAttempt",
            "status": "FAILED",
            "responseStatusCode": a["code"],
            "responseHeaders": json.dumps(a["responseHeaders"]),
            "requestHeaders": json.dumps(a["requestHeaders"]),
        }
        for a in source["attempts"]
    ]
    return from_list("attempts", docs, arguments)


@field("Webhook", "app")
def webhook_app(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("app", source["app"])
    return found


@field("Webhook", "subscriptionQuery")
def subscription_query(source: Doc, _info: Any) -> str:
    return str(source["query"])


def _named(events: list[str]) -> list[dict[str, str]]:
    return [{"name": e.replace("_", " ").capitalize(), "eventType": e} for e in events]


@field("Webhook", "asyncEvents")
def async_events(source: Doc, _info: Any) -> list[dict[str, str]]:
    return _named(source["asyncEvents"])


@field("Webhook", "syncEvents")
def sync_events(source: Doc, _info: Any) -> list[dict[str, str]]:
    return _named(source["syncEvents"])


@field("Webhook", "events")
def all_events(source: Doc, _info: Any) -> list[dict[str, str]]:
    return _named([*source["asyncEvents"], *source["syncEvents"]])


@field("Webhook", "customHeaders")
def custom_headers(source: Doc, info: Any) -> str:
    ctx: Context = info.context
    if not (ctx.app and ctx.app["id"] == source["app"]) and not ctx.has("MANAGE_APPS"):
        raise PermissionDenied("MANAGE_APPS", "OWNER")
    return json.dumps(source["customHeaders"])
