"""Apps: the install handshake, switching on and off, deletion, and what an App may read of itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from .. import auth, installing
from ..connections import from_list
from ..context import Context, PermissionDenied, Refused
from ..schema import field, mutation, query
from ..store import Doc, Tx
from ..values import gid, key_of
from .user_fields import permission


@query("app")
def app(ctx: Context, id: str | None = None) -> Doc | None:
    if id is None:
        if ctx.app is None:
            raise PermissionDenied("OWNER", "AUTHENTICATED_APP")
        return ctx.app
    key = key_of(id, "App")
    if ctx.app and ctx.app["id"] == key:
        return ctx.app
    if not (ctx.requestor and ctx.requestor.is_staff):
        ctx.require("AUTHENTICATED_STAFF_USER", "MANAGE_APPS")
    return ctx.get("app", key)


@query("apps")
def apps(ctx: Context, **arguments: Any) -> dict[str, Any]:
    ctx.require("AUTHENTICATED_STAFF_USER", "MANAGE_APPS")
    found = ctx.find("app")
    wanted = arguments.get("filter") or {}
    if wanted.get("isActive") is not None:
        found = [a for a in found if a["isActive"] == wanted["isActive"]]
    if wanted.get("search"):
        found = [a for a in found if wanted["search"].lower() in a["name"].lower()]
    if wanted.get("type"):
        found = [a for a in found if a["type"] == wanted["type"]]
    return from_list("apps", found, arguments)


@query("appsInstallations")
def apps_installations(ctx: Context) -> list[Doc]:
    ctx.require("MANAGE_APPS")
    return ctx.find("installation")


def _within_own_scope(ctx: Context, wanted: Iterable[str]) -> None:
    """Nobody grants what they don't hold."""
    requestor = ctx.requestor
    assert requestor is not None
    missing = [p for p in wanted if not requestor.has(p)]
    if missing:
        raise Refused(
            "permissions",
            "OUT_OF_SCOPE_PERMISSION",
            "You can't add permission that you don't have.",
            permissions=missing,
        )


@mutation("appInstall")
def app_install(ctx: Context, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_APPS")
    if not installing.url_ok(input["manifestUrl"]):
        raise Refused("manifestUrl", "INVALID_URL_FORMAT", "Enter a valid URL.")
    wanted = list(input.get("permissions") or ())
    _within_own_scope(ctx, wanted)
    with ctx.write() as tx:
        row = tx.insert(
            "installation",
            {
                "status": "PENDING",
                "message": None,
                "appName": input["appName"],
                "manifestUrl": input["manifestUrl"],
                "activate": input.get("activateAfterInstallation") is not False,
                "permissions": wanted,
                "createdAt": ctx.now(),
                "updatedAt": ctx.now(),
            },
        )
    ctx.standin.install_later(row["id"])
    return {"appInstallation": row}


@mutation("appCreate")
def app_create(ctx: Context, input: Doc) -> dict[str, Any]:
    """A local App of the shop's own: its token is shown this once, its identifier is its id unless one is given."""
    ctx.require("MANAGE_APPS")
    must_be_staff(ctx)
    wanted = list(input.get("permissions") or ())
    _within_own_scope(ctx, wanted)
    token = secrets.token_urlsafe(22)[:30]
    with ctx.write() as tx:
        if input.get("identifier") and tx.first("app", identifier=input["identifier"]):
            raise Refused("identifier", "UNIQUE", "App with this Identifier already exists.")
        doc = {"name": input.get("name") or "", "identifier": input.get("identifier"), "type": "LOCAL",
               "created": ctx.now(), "isActive": True, "permissions": wanted, "token": auth.token_hash(token),
               "manifestUrl": None, "version": None, "extensions": [], "metadata": {},
               "privateMetadata": {}}  # fmt: skip
        made = tx.insert("app", doc)
        if not made["identifier"]:
            made = tx.patch("app", made["id"], {"identifier": gid("App", made["id"])}) or made
    return {"app": made, "authToken": token}


def _failed(tx: Tx, global_id: str) -> Doc:
    row = tx.get("installation", key_of(global_id, "AppInstallation"))
    if row is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
    if row["status"] != "FAILED":
        raise Refused("id", "INVALID_STATUS", "Only failed installation can be retried or deleted.")
    return row


@mutation("appRetryInstall")
def app_retry_install(ctx: Context, id: str, activateAfterInstallation: bool | None = None) -> dict[str, Any]:
    ctx.require("MANAGE_APPS")
    with ctx.write() as tx:
        row = _failed(tx, id)
        fields: Doc = {"status": "PENDING", "message": None, "updatedAt": ctx.now()}
        if activateAfterInstallation is not None:
            fields["activate"] = activateAfterInstallation
        changed = tx.patch("installation", row["id"], fields)
    ctx.standin.install_later(row["id"])
    return {"appInstallation": changed}


@mutation("appDeleteFailedInstallation")
def app_delete_failed_installation(ctx: Context, id: str) -> dict[str, Any]:
    ctx.require("MANAGE_APPS")
    with ctx.write() as tx:
        row = _failed(tx, id)
        tx.delete("installation", row["id"])
    return {"appInstallation": row}


def _switch(ctx: Context, global_id: str, active: bool) -> dict[str, Any]:
    ctx.require("MANAGE_APPS")
    with ctx.write() as tx:
        found = tx.patch("app", key_of(global_id, "App"), {"isActive": active})
        if found is None:
            raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
        ctx.emit(tx, "APP_STATUS_CHANGED", app={"id": found["id"]})
    return {"app": found}


@mutation("appActivate")
def app_activate(ctx: Context, id: str) -> dict[str, Any]:
    return _switch(ctx, id, True)


@mutation("appDeactivate")
def app_deactivate(ctx: Context, id: str) -> dict[str, Any]:
    return _switch(ctx, id, False)


@mutation("appUpdate")
def app_update(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    """Rename an App or change its grant: null leaves the permissions, a list replaces them."""
    ctx.require("MANAGE_APPS")
    wanted = input.get("permissions")
    _within_own_scope(ctx, wanted or ())
    fields = {
        name: input[name] for name in ("name", "identifier", "permissions") if input.get(name) is not None
    }
    with ctx.write() as tx:
        found = tx.patch("app", key_of(id, "App"), fields)
        if found is None:
            raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
        ctx.emit(tx, "APP_UPDATED", app={"id": found["id"]})
    return {"app": found}


@mutation("appDelete")
def app_delete(ctx: Context, id: str) -> dict[str, Any]:
    ctx.require("MANAGE_APPS")
    with ctx.write() as tx:
        found = tx.get("app", key_of(id, "App"))
        if found is None:
            raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
        installing.remove_app(tx, found, announce=True)
        ctx.emit(tx, "APP_DELETED", gone=found)
    return {"app": found}


def _own_or_manager(ctx: Context, source: Doc) -> None:
    if not (ctx.app and ctx.app["id"] == source["id"]):
        ctx.require("MANAGE_APPS", "OWNER")


@field("App", "permissions")
def permissions(source: Doc, _info: Any) -> list[dict[str, str]]:
    return [permission(code) for code in source["permissions"]]


@field("App", "webhooks")
def webhooks(source: Doc, info: Any) -> list[Doc]:
    _own_or_manager(info.context, source)
    return list(info.context.find("webhook", app=source["id"]))


@field("App", "accessToken")
def access_token(source: Doc, info: Any) -> str | None:
    """The staff member's token for this App, as the Dashboard hands it over."""
    requestor = info.context.requestor
    if requestor is None or not requestor.is_staff or not source["isActive"]:
        return None
    return auth.thirdparty_token(info.context.standin, requestor.doc, source)


@field("AppExtension", "mountName")
def mount_name(source: Doc, _info: Any) -> str:
    return str(source["mount"])


@field("AppExtension", "targetName")
def target_name(source: Doc, _info: Any) -> str:
    return str(source.get("target") or "POPUP")


@field("AppExtension", "settings")
def settings(source: Doc, _info: Any) -> Any:
    return source.get("options") or {}


@field("AppExtension", "permissions")
def extension_permissions(source: Doc, _info: Any) -> list[dict[str, str]]:
    return [permission(code) for code in source.get("permissions") or ()]


def must_be_staff(ctx: Context) -> None:
    """For doors that refuse App tokens whatever they were granted."""
    if ctx.app is not None or not (ctx.requestor and ctx.requestor.is_staff):
        raise PermissionDenied("AUTHENTICATED_STAFF_USER")
