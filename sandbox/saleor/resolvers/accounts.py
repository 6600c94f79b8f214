"""Customers: registration, profile, lists, deletion."""

from __future__ import annotations

from typing import Any

from .. import people
from ..auth import check_password, new_token_key
from ..connections import from_table
from ..context import Context, PermissionDenied, Refused
from ..schema import mutation, query
from ..store import Doc, Tx
from ..values import gid, key_of
from .tokens import check_new_password


def _load(tx: Tx, global_id: str | None, reference: str | None = None) -> Doc:
    user = None
    if global_id:
        user = tx.get("user", key_of(global_id, "User"))
    elif reference:
        user = tx.first("user", externalReference=reference)
    if user is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id or reference}")
    return user


@query("me")
def me(ctx: Context) -> Doc | None:
    return ctx.user


@query("user")
def user(
    ctx: Context, id: str | None = None, email: str | None = None, externalReference: str | None = None
) -> Doc | None:
    ctx.require("MANAGE_STAFF", "MANAGE_USERS", "MANAGE_ORDERS")
    with ctx.read() as tx:
        if id is not None:
            return tx.get("user", key_of(id, "User"))
        if email is not None:
            return tx.user_by_email(email)
        return tx.first("user", externalReference=externalReference or "")


SORTS = {"FIRST_NAME": "doc->>'firstName'", "LAST_NAME": "doc->>'lastName'", "EMAIL": "doc->>'email'",
         "CREATED_AT": "doc->>'dateJoined'", "LAST_MODIFIED_AT": "doc->>'updatedAt'"}  # fmt: skip


@query("customers")
def customers(ctx: Context, **arguments: Any) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS", "MANAGE_USERS")
    where: list[str] = ["doc->>'isStaff' = 'false'"]
    params: list[Any] = []
    given = {**(arguments.get("filter") or {}), **(arguments.get("where") or {})}
    if given.get("ids") is not None:
        where.append("id = ANY(%s)")
        params.append([key_of(i, "User") for i in given["ids"]])
    for name in ("email", "firstName", "lastName"):
        if given.get(name):
            where.append(f"doc->>'{name}' = ANY(%s)")
            params.append(given[name].get("oneOf") or [given[name].get("eq")])
    for name in ("updatedAt", "dateJoined"):
        for bound, sign in (("gte", ">="), ("lte", "<=")):
            if given.get(name, {}).get(bound):
                where.append(f"doc->>'{name}' {sign} %s")
                params.append(given[name][bound])
    if given.get("isActive") is not None:
        where.append("doc->>'isActive' = %s")
        params.append(str(given["isActive"]).lower())
    if search := (given.get("search") or arguments.get("search")):
        where.append("(doc->>'email' || ' ' || (doc->>'firstName') || ' ' || (doc->>'lastName')) ILIKE %s")
        params.append(f"%{search}%")
    sort = arguments.get("sortBy") or {"field": "EMAIL", "direction": "ASC"}
    order = f'({SORTS.get(sort["field"], SORTS["EMAIL"])}) COLLATE "C"'
    text = " AND ".join(where)

    def count() -> int:
        with ctx.read() as reader:
            return int(reader.query(f"SELECT count(*) FROM standin_user WHERE {text}", params)[0][0])

    with ctx.read() as tx:
        return from_table(
            tx, count, "customers", "user", text, params, order, sort["direction"] == "DESC", arguments
        )


@mutation("accountRegister")
def account_register(ctx: Context, input: Doc) -> dict[str, Any]:
    """Never tells whether the e-mail is known: the user in the answer has an empty id.

    Nobody is confirmed by registering, also where the shop asks for no confirmation.
    """
    needs_confirmation = ctx.standin.shop()["enableAccountConfirmationByEmail"]
    if needs_confirmation and not input.get("redirectUrl"):
        raise Refused("redirectUrl", "REQUIRED", "This field is required.")
    if "@" not in input["email"]:
        raise Refused("email", "INVALID", "Enter a valid email address.")
    check_new_password(input["password"])
    fields = {
        "firstName": input.get("firstName") or "",
        "lastName": input.get("lastName") or "",
        "languageCode": input.get("languageCode") or "EN_US",
        "metadata": people.pairs(input.get("metadata")),
    }
    with ctx.write() as tx:
        tx.query("SELECT pg_advisory_xact_lock(hashtext(%s))", (input["email"].lower(),))
        if tx.user_by_email(input["email"]) is None:
            made = people.new_user(ctx, tx, input["email"], input["password"], **fields)
            if needs_confirmation:
                token = people.mail(
                    ctx, tx, "account_confirmation", made, redirectUrl=input.get("redirectUrl")
                )
                ctx.emit(
                    tx,
                    "ACCOUNT_CONFIRMATION_REQUESTED",
                    user=made["id"],
                    token=token,
                    redirectUrl=input.get("redirectUrl"),
                )
            ctx.emit(tx, "CUSTOMER_CREATED", user=made["id"])
    now = ctx.now()
    shown = {
        "__typename": "User",
        "id": None,
        "email": input["email"].lower(),
        "isActive": True,
        "isStaff": False,
        "isConfirmed": False,
        "dateJoined": now,
        "updatedAt": now,
        **fields,
    }
    return {"user": shown, "requiresConfirmation": needs_confirmation}


@mutation("confirmAccount")
def confirm_account(ctx: Context, email: str, token: str, password: str | None = None) -> dict[str, Any]:
    with ctx.write() as tx:
        found = tx.user_by_email(email)
        if found is None:
            raise Refused("email", "NOT_FOUND", "User with this email doesn't exist")
        mail = tx.first("mail", kind="account_confirmation", token=token)
        if mail is None or mail["user"] != found["id"]:
            raise Refused("token", "INVALID", "Invalid token.")
        tx.delete("mail", mail["id"])
        return {"user": people.confirm(ctx, tx, found)}


@mutation("accountUpdate")
def account_update(ctx: Context, input: Doc, customerId: str | None = None) -> dict[str, Any]:
    with ctx.write() as tx:
        if customerId is not None:
            if ctx.app is None:
                raise PermissionDenied("AUTHENTICATED_APP")
            ctx.require("IMPERSONATE_USER")
            target = _load(tx, customerId)
        elif ctx.user is None:
            raise PermissionDenied("AUTHENTICATED_USER")
        else:
            target = _load(tx, gid("User", ctx.user["id"]))
        allowed = {k: v for k, v in input.items() if k not in ("email", "isActive", "isConfirmed", "note")}
        return {"user": people.update(ctx, tx, target, allowed)}


@mutation("customerCreate")
def customer_create(ctx: Context, input: Doc) -> dict[str, Any]:
    """Unconfirmed, whatever `isConfirmed` says: it only counts when a customer is updated."""
    ctx.require("MANAGE_USERS")
    with ctx.write() as tx:
        if not input.get("email"):
            raise Refused("email", "REQUIRED", "This field is required.")
        if tx.user_by_email(input["email"]):
            raise Refused("email", "UNIQUE", "User with this Email already exists.")
        made = people.new_user(
            ctx,
            tx,
            input["email"],
            None,
            **{k: input[k] for k in ("firstName", "lastName", "note", "externalReference") if input.get(k)},
            metadata=people.pairs(input.get("metadata")),
            privateMetadata=people.pairs(input.get("privateMetadata")),
        )
        ctx.emit(tx, "CUSTOMER_CREATED", user=made["id"])
    return {"user": made}


@mutation("customerUpdate")
def customer_update(
    ctx: Context, input: Doc, id: str | None = None, externalReference: str | None = None
) -> dict[str, Any]:
    ctx.require("MANAGE_USERS")
    with ctx.write() as tx:
        return {"user": people.update(ctx, tx, _load(tx, id, externalReference), input)}


@mutation("customerDelete")
def customer_delete(
    ctx: Context, id: str | None = None, externalReference: str | None = None
) -> dict[str, Any]:
    ctx.require("MANAGE_USERS")
    with ctx.write() as tx:
        target = _load(tx, id, externalReference)
        if target["isStaff"]:
            raise Refused("id", "DELETE_STAFF_ACCOUNT", "Cannot delete a staff account.")
        people.delete(ctx, tx, target, "CUSTOMER_DELETED")
    return {"user": target}


@mutation("accountRequestDeletion")
def account_request_deletion(ctx: Context, redirectUrl: str, channel: str | None = None) -> dict[str, Any]:
    if ctx.user is None:
        raise PermissionDenied("AUTHENTICATED_USER")
    with ctx.write() as tx:
        token = people.mail(ctx, tx, "account_deletion", ctx.user, redirectUrl=redirectUrl)
        ctx.emit(tx, "ACCOUNT_DELETE_REQUESTED", user=ctx.user["id"], token=token, redirectUrl=redirectUrl)
    return {}


@mutation("accountDelete")
def account_delete(ctx: Context, token: str) -> dict[str, Any]:
    if ctx.user is None:
        raise PermissionDenied("AUTHENTICATED_USER")
    with ctx.write() as tx:
        if people.take_mail(tx, "account_deletion", token)["user"] != ctx.user["id"]:
            raise Refused("token", "INVALID", "Invalid or expired token.")
        people.delete(ctx, tx, ctx.user, "ACCOUNT_DELETED")
    return {"user": ctx.user}


@mutation("requestEmailChange")
def request_email_change(
    ctx: Context, newEmail: str, password: str, redirectUrl: str, channel: str | None = None
) -> dict[str, Any]:
    if ctx.user is None:
        raise PermissionDenied("AUTHENTICATED_USER")
    if not check_password(ctx.user, password):
        raise Refused("password", "INVALID_CREDENTIALS", "Password isn't valid.")
    with ctx.write() as tx:
        if tx.user_by_email(newEmail):
            raise Refused("newEmail", "UNIQUE", "Email is used by other user.")
        token = people.mail(ctx, tx, "email_change", ctx.user, newEmail=newEmail, redirectUrl=redirectUrl)
        ctx.emit(
            tx,
            "ACCOUNT_CHANGE_EMAIL_REQUESTED",
            user=ctx.user["id"],
            token=token,
            newEmail=newEmail,
            redirectUrl=redirectUrl,
        )
    return {"user": ctx.user}


@mutation("confirmEmailChange")
def confirm_email_change(ctx: Context, token: str, channel: str | None = None) -> dict[str, Any]:
    """A new e-mail kills the tokens given out before."""
    if ctx.user is None:
        raise PermissionDenied("AUTHENTICATED_USER")
    with ctx.write() as tx:
        mail = people.take_mail(tx, "email_change", token)
        if mail["user"] != ctx.user["id"]:
            raise Refused("token", "INVALID", "Invalid or expired token.")
        if tx.user_by_email(mail["newEmail"]):
            raise Refused("newEmail", "UNIQUE", "Email is used by other user.")
        fields = {"email": mail["newEmail"].lower(), "jwtTokenKey": new_token_key(), "updatedAt": ctx.now()}
        changed = tx.patch("user", ctx.user["id"], fields)
        ctx.emit(tx, "CUSTOMER_UPDATED", user=ctx.user["id"])
        ctx.emit(tx, "ACCOUNT_EMAIL_CHANGED", user=ctx.user["id"], newEmail=mail["newEmail"])
    return {"user": changed}
